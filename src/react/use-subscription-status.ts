import type { SubscriptionStatus } from '../client/index.ts'
import { useChannelState } from './use-channel-state.ts'

/** Whether the events of a channel arrive, and if not, why; the channel is subscribed while the component is mounted. */
export function useSubscriptionStatus(channelName: string): SubscriptionStatus {
  return useChannelState(channelName).status
}
