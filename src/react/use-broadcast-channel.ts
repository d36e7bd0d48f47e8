import { useMemo, useSyncExternalStore } from 'react'
import type { BroadcastMessage } from '../client/index.ts'
import { useBroadcastingClient } from './broadcasting-provider.tsx'
import { MessageLog } from './message-log.ts'

/** How much of a channel is kept. */
export interface UseBroadcastChannelOptions {
  /**
   * Messages that are kept; older ones are dropped.
   * @default 200
   */
  limit?: number
}

/**
 * The events of a channel, by its name on the wire, that arrived since the component was mounted; empty again when
 * the channel changes. The array is replaced when a message arrives and stays the same object until then.
 */
export function useBroadcastChannel<Data = unknown>(
  channelName: string,
  { limit = 200 }: UseBroadcastChannelOptions = {},
): BroadcastMessage<Data>[] {
  const client = useBroadcastingClient()
  const log = useMemo(() => new MessageLog<Data>(client, channelName, limit), [client, channelName, limit])
  return useSyncExternalStore(log.subscribe, log.messages, MessageLog.none)
}
