import type { Place } from '../../cluster/broker.ts'
import { slotOf, slots } from './cluster-slots.ts'

/**
 * Parts that roads are divided into. A Redis Cluster spreads the parts over its shards, and takes the names of one part in
 * one command.
 */
const parts = 64

/** A hash tag for each part; the slots are as far from one another as they can be, so that each shard gets its share. */
const tags = Array.from({ length: parts }, (_, part) => {
  let tag = 0
  while (Math.floor(slotOf(String(tag)) / (slots / parts)) !== part) tag++
  return String(tag)
})

/** The names of everything that one installation has in a Redis. */
export class RedisNames {
  /** What all keys of the ledger begin with, and its notices: they are in one slot. */
  readonly ledger: string
  readonly #prefix: string
  readonly #changed: string

  constructor(prefix: string) {
    // Braces would make another hash tag.
    this.#prefix = prefix.replace(/[%{}]/g, encodeURIComponent)
    this.ledger = `{${this.#prefix}}:`
    this.#changed = `${this.ledger}changed:`
  }

  /** The channel that carries a road. */
  road(road: string): string {
    return `${this.#prefix}:{${tagOf(road)}}:${road}`
  }

  /** The key of the event that is kept for a place, in the slot of the road. */
  event(place: Place, road: string): string {
    return `${this.#prefix}:{${tagOf(road)}}:event:${placeName(place)}`
  }

  /** The channel that tells how a place changes. */
  changed(place: Place): string {
    return this.#changed + placeName(place)
  }

  /** The road or the place that a channel is about. */
  read(channel: string): { readonly road: string } | { readonly place: Place } {
    if (channel.startsWith(this.#changed)) return { place: readPlace(channel.slice(this.#changed.length)) }
    return { road: channel.slice(channel.indexOf('}:', this.#prefix.length) + 2) }
  }
}

/** A name without a colon, for the scripts, which take names apart at colons. */
export function segment(name: string): string {
  return name.replace(/[%:]/g, encodeURIComponent)
}

/** The name that was escaped. */
export function readSegment(name: string): string {
  return name.replace(/%25|%3A/g, decodeURIComponent)
}

/** A place as the scripts call it. */
export function placeName({ appId, channel }: Place): string {
  return `${segment(appId)}:${segment(channel)}`
}

/** The place that the scripts call so. */
export function readPlace(name: string): Place {
  const colon = name.indexOf(':')
  return { appId: readSegment(name.slice(0, colon)), channel: readSegment(name.slice(colon + 1)) }
}

/** FNV-1a: fast, and spreads names that differ in their last characters. */
function tagOf(road: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < road.length; at++) hash = Math.imul(hash ^ road.charCodeAt(at), 0x01000193)
  return tags[(hash >>> 0) % parts] ?? ''
}
