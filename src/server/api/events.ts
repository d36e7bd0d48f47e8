import type { ChannelName, SocketId } from '../../protocol/names.ts'
import { type Attribute, batchBody, eventBody, parseInfo } from '../../protocol/rest.ts'
import { isPromise } from '../../support/awaitable.ts'
import type { Registry } from '../adapter.ts'
import type { App } from '../apps/app.ts'
import { RefusedError } from '../errors.ts'
import type { Publish } from '../publish.ts'
import { checkPublishable } from '../publishable.ts'
import { attributesOf } from './channels.ts'
import { parseBody } from './parse-body.ts'
import type { Answer, ApiRequest } from './request.ts'

interface EventParts {
  readonly publish: Publish
  readonly registry: Registry
  /** Whether there may still be somebody to publish to. */
  readonly open: () => boolean
}

/** One event, vouched for, that only needs publishing. */
interface Publication {
  readonly channels: readonly ChannelName[]
  readonly name: string
  readonly data: string
  readonly except: SocketId | undefined
  readonly info: ReadonlySet<Attribute>
}

/**
 * Answers `POST /events` and `POST /batch_events` (protocol.md 6.2, 6.3). All of a request is checked before any of it is
 * published; what is published goes to every node, or the answer is 503 and names the channel at which that ended.
 */
export function createEvents({ publish, registry, open }: EventParts) {
  return { event, batch }

  async function event({ app, body }: ApiRequest): Promise<Answer> {
    const { name, channels, data, socket_id, info } = parseBody(eventBody, body)
    const checked = checkPublishable(app, name, channels, data)
    const publication = {
      channels: checked,
      name,
      data,
      except: socket_id ?? undefined,
      info: parseInfo(info),
    }
    mustBeOpen()
    const answers = await publishEach(app, publication)
    return publication.info.size === 0 ? {} : { channels: Object.fromEntries(answers) }
  }

  async function batch({ app, body }: ApiRequest): Promise<Answer> {
    const { batch: entries } = parseBody(batchBody, body)
    if (entries.length === 0 || entries.length > app.maxBatch) {
      throw new RefusedError(400, `A batch has 1 to ${app.maxBatch} events, not ${entries.length}`)
    }
    const publications = entries.map(({ name, channel, data, socket_id, info }) => ({
      channels: checkPublishable(app, name, [channel], data),
      name,
      data,
      except: socket_id ?? undefined,
      info: parseInfo(info),
    }))
    mustBeOpen()
    const answers = []
    for (const publication of publications) {
      for (const answer of (await publishEach(app, publication)).values()) answers.push(answer)
    }
    return publications.every(({ info }) => info.size === 0) ? {} : { batch: answers }
  }

  /** Checked last, so that what is wrong in itself is said at any time. */
  function mustBeOpen(): void {
    if (!open()) throw new RefusedError(503, 'The server is shutting down')
  }

  async function publishEach(app: App, { channels, name, data, except, info }: Publication) {
    const answers = new Map<ChannelName, Record<string, number>>()
    for (const channel of channels) {
      const published = publish({
        kind: 'published',
        app,
        channel,
        event: name,
        data,
        except,
        everywhere: true,
      })
      if (isPromise(published)) await published
      const occupancy = info.size === 0 ? undefined : await registry.occupancy(app, channel)
      answers.set(channel, occupancy === undefined ? {} : attributesOf(channel, occupancy, info))
    }
    return answers
  }
}
