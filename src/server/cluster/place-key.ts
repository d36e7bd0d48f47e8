import type { Place } from './broker.ts'

/** One text for each place, whatever characters its names are made of. */
export function placeKey({ appId, channel }: Place): string {
  return JSON.stringify([appId, channel])
}
