import { type ConnectionStatus, useConnectionStatus } from '@startkit/broadcasting/react'

const words = {
  initialized: 'Not connected',
  connecting: 'Connecting…',
  connected: 'Connected',
  unavailable: 'Trying again…',
  failed: 'This browser has no WebSocket',
  disconnected: 'Disconnected',
} satisfies Record<ConnectionStatus['state'], string>

/** How the page's one connection is, and its socket id while it has one. */
export function ConnectionLine() {
  const status = useConnectionStatus()
  return (
    <p className="connection" data-state={status.state}>
      <span role="status">{words[status.state]}</span>
      {status.state === 'connected' && <small>socket {status.socketId}</small>}
    </p>
  )
}
