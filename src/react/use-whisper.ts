import { useCallback, useEffect } from 'react'
import { useBroadcastingClient } from './broadcasting-provider.tsx'

/** Sends a client event to the others in the channel; `false` when the channel is not subscribed at the moment. */
export type Whisper = (event: `client-${string}`, data?: unknown) => boolean

/** A function that whispers on a channel, the same at every render; the channel is subscribed while the component is mounted. */
export function useWhisper(channelName: string): Whisper {
  const client = useBroadcastingClient()
  useEffect(() => client.subscribe(channelName), [client, channelName])
  return useCallback((event, data) => client.whisper(channelName, event, data), [client, channelName])
}
