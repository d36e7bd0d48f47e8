import { useCallback, useSyncExternalStore } from 'react'
import { initialChannelState } from '../client/channel-state.ts'
import type { ChannelState } from '../client/index.ts'
import { useBroadcastingClient } from './broadcasting-provider.tsx'

/** Keeps a channel subscribed while the component is mounted and gives what is known of it. */
export function useChannelState(channel: string): ChannelState {
  const client = useBroadcastingClient()
  const subscribe = useCallback(
    (changed: () => void) => client.subscribe(channel, { onState: changed }),
    [client, channel],
  )
  return useSyncExternalStore(
    subscribe,
    () => client.channelState(channel),
    () => initialChannelState,
  )
}
