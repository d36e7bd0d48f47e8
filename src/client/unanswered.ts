import type { PusherOptions } from './pusher.ts'
import type { PageLocation } from './settings.ts'

/** What to say where no server has ever answered: the address that is tried, and what can be wrong with it. */
export function unanswered(key: string, options: PusherOptions, page: PageLocation | undefined): string {
  return (
    `No broadcasting server answers at ${addressOf(key, options, page)}. It is tried again. Check that the server ` +
    'runs there under this path (`path` or `options.wsPath` of configureBroadcasting; the prefix of the mount), ' +
    'and that a proxy or dev server in between passes WebSockets on'
  )
}

/** Where pusher-js goes: it keeps to TLS on a secure page whatever the options say, and elsewhere unless told not to. */
function addressOf(key: string, options: PusherOptions, page: PageLocation | undefined): string {
  const { wsHost, wsPort = 80, wssPort = 443, wsPath = '', forceTLS } = options
  const secure = page?.protocol === 'https:' || forceTLS !== false
  return `${secure ? `wss://${wsHost}:${wssPort}` : `ws://${wsHost}:${wsPort}`}${wsPath}/app/${key}`
}
