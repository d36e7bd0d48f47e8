// Hooks run on the client: React Server Components need to be told.
'use client'

export type {
  BroadcastMessage,
  ChannelState,
  ConnectionStatus,
  Member,
  Sender,
  SubscriptionStatus,
} from '../client/index.ts'
export {
  BroadcastingProvider,
  type BroadcastingProviderProps,
  useBroadcastingClient,
} from './broadcasting-provider.tsx'
export { type UseBroadcastChannelOptions, useBroadcastChannel } from './use-broadcast-channel.ts'
export { useBroadcastEvent } from './use-broadcast-event.ts'
export { useConnectionStatus } from './use-connection-status.ts'
export { usePresence } from './use-presence.ts'
export { useSocketId } from './use-socket-id.ts'
export { useSubscriptionStatus } from './use-subscription-status.ts'
export { useWhisper, type Whisper } from './use-whisper.ts'
