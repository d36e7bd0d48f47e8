import { useCallback, useSyncExternalStore } from 'react'
import { initialStatus } from '../client/connection-status.ts'
import type { ConnectionStatus } from '../client/index.ts'
import { useBroadcastingClient } from './broadcasting-provider.tsx'

/** The state of the connection that the hooks share; looking at it does not connect. */
export function useConnectionStatus(): ConnectionStatus {
  const client = useBroadcastingClient()
  const subscribe = useCallback((changed: () => void) => client.onStatus(changed), [client])
  return useSyncExternalStore(
    subscribe,
    () => client.status,
    () => initialStatus,
  )
}
