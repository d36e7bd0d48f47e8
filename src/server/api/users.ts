import { maxUserId } from '../../protocol/names.ts'
import { unsubscribeBody } from '../../protocol/rest.ts'
import { RefusedError } from '../errors.ts'
import type { Revoke } from '../handlers/revoke.ts'
import { checkChannel } from '../publishable.ts'
import { parseBody } from './parse-body.ts'
import type { Answer, ApiRequest } from './request.ts'

/** Takes away from signed-in users what they have; a user whom nobody knows is fine too (protocol.md 5.4, 6.7). */
export function createUsers({ disconnect, unsubscribe }: Revoke) {
  return {
    async terminate({ app, params }: ApiRequest): Promise<Answer> {
      await disconnect(app, checkUserId(params['user']))
      return {}
    },

    async unsubscribe({ app, params, body }: ApiRequest): Promise<Answer> {
      const userId = checkUserId(params['user'])
      const { channel } = parseBody(unsubscribeBody, body)
      await unsubscribe(app, userId, checkChannel(app, channel))
      return {}
    },
  }
}

function checkUserId(id = ''): string {
  if (id !== '' && id.length <= maxUserId) return id
  throw new RefusedError(400, `A user id has 1 to ${maxUserId} characters`)
}
