import { BroadcastingClient } from './broadcasting-client.ts'
import type { BroadcastingSettings } from './settings.ts'

/** The page's own client: what the hooks use unless a `BroadcastingProvider` stands above them. */
export const sharedClient = new BroadcastingClient()

/**
 * Sets up the page's own client; whoever is content with key `local` on the page's own origin under `/reverb` needs it not.
 * Throws a `ConfigurationError` while a channel is subscribed.
 */
export function configureBroadcasting(settings: BroadcastingSettings): void {
  sharedClient.configure(settings)
}
