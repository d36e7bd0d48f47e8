import type { Member } from '../../../protocol/messages.ts'
import type { Notice } from '../../cluster/broker.ts'
import { textsOf } from './redis-replies.ts'

/** A notice as the scripts tell it: version, previous, subscriptions, how many came, id and info of each, who went. */
export function readNotice(message: Buffer): Notice {
  const [version, previous, subscriptions, came, ...users] = textsOf(JSON.parse(message.toString()))
  const added: Member[] = Array.from({ length: Number(came) }, (_, at) => ({
    id: users[at * 2] ?? '',
    info: users[at * 2 + 1] ?? '',
  }))
  return {
    version: Number(version),
    previous: Number(previous),
    subscriptions: Number(subscriptions),
    added,
    removed: users.slice(added.length * 2),
  }
}
