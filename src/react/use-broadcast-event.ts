import { useEffect, useInsertionEffect, useRef } from 'react'
import type { PayloadOf, Sender } from '../client/index.ts'
import { useBroadcastingClient } from './broadcasting-provider.tsx'

/**
 * Calls back for each arrival of one event of a channel while the component is mounted. It is always the callback of
 * the last render that is called; another callback does not subscribe again.
 */
export function useBroadcastEvent<Payload = unknown, Event extends string = string>(
  channelName: string,
  event: Event,
  callback: (payload: PayloadOf<Event, Payload>, sender: Sender) => void,
): void {
  const client = useBroadcastingClient()
  const latest = useRef(callback)
  // Before any other effect of the commit; and, unlike a layout effect, nothing that React 18 warns of on a server.
  useInsertionEffect(() => {
    latest.current = callback
  })
  useEffect(
    () =>
      client.listen<Payload, Event>(channelName, event, (payload, sender) => latest.current(payload, sender)),
    [client, channelName, event],
  )
}
