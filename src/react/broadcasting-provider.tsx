import { createContext, type ReactNode, useContext, useState } from 'react'
import { BroadcastingClient, type BroadcastingSettings, sharedClient } from '../client/index.ts'

const ClientContext = createContext(sharedClient)

/** What a provider gives to the components below it: a connection with these settings. */
export interface BroadcastingProviderProps {
  /**
   * Taken once, when the provider appears; give it another `key` to replace the connection, say for another user.
   * @default those of {@link BroadcastingSettings}
   */
  settings?: BroadcastingSettings
  /** The components that use the connection. @default none */
  children?: ReactNode
}

/** Gives the components below it a connection of their own, in place of the page's. */
export function BroadcastingProvider({ settings, children }: BroadcastingProviderProps): ReactNode {
  const [client] = useState(() => new BroadcastingClient(settings))
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>
}

/** The client of the nearest provider, else the page's own. */
export function useBroadcastingClient(): BroadcastingClient {
  return useContext(ClientContext)
}
