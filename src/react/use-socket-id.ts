import { useConnectionStatus } from './use-connection-status.ts'

/** The connection's id while it is connected: what `X-Socket-ID` of a request must say for `toOthers()`. */
export function useSocketId(): string | undefined {
  const status = useConnectionStatus()
  return status.state === 'connected' ? status.socketId : undefined
}
