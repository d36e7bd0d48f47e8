import type { ChannelState } from '../client/index.ts'
import { useChannelState } from './use-channel-state.ts'

/** Who is in a presence channel, kept right as members come and go; this page joins while the component is mounted. */
export function usePresence<Info = unknown>(channelName: `presence-${string}`): ChannelState<Info> {
  // What a member tells of itself is known to the rule that lets it in; nothing here can check it.
  return useChannelState(channelName) as ChannelState<Info>
}
