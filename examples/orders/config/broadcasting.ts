import type { BroadcastingConfig } from '@startkit/broadcasting'
import { personOf } from '../shop/people.ts'

/** Broadcasts through the server in this process; everything else comes from the environment. */
export const broadcastingConfig = {
  driver: 'reverb',
  user: (request) => personOf(request.headers),
} satisfies BroadcastingConfig
