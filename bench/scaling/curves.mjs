import { setTimeout as delay } from 'node:timers/promises'
import { reverb } from '../lib/contestants.mjs'
import { inBackground, load } from '../lib/load.mjs'
import { collectable, Server } from '../lib/server.mjs'
import { Crowd } from './crowd-process.mjs'

/**
 * A quantity that grows, and what grows with it.
 * @typedef {object} Curve
 * @property {string} name of the file
 * @property {string} title
 * @property {string} x
 * @property {readonly number[]} values of x
 * @property {readonly Measured[]} measured
 * @property {(x: number) => Promise<readonly number[]>} at the figures for one x, in the order of `measured`
 */

/**
 * @typedef {object} Measured
 * @property {string} label
 * @property {string} unit series of the same unit share a panel
 * @property {number} atMost the exponent that it may grow with
 * @property {number} [from] the x from which fixed costs no longer hide the growth
 */

const duration = { warmup: 1, duration: 2 }
const mebibyte = 1024 * 1024

/** @type {readonly Curve[]} */
export const curves = [
  {
    name: 'subscribers',
    title: 'Subscribers of one channel, 128 B an event',
    x: 'subscribers',
    values: [10, 30, 100, 300, 1000, 3000, 10_000, 18_000],
    measured: [
      { label: 'CPU per event', unit: 'µs', atMost: 1.05, from: 100 },
      { label: 'memory', unit: 'MiB', atMost: 1.05, from: 1000 },
    ],
    async at(conns) {
      const server = await Server.start(reverb({ flags: collectable }))
      const memory = await memoryOf(server, { mode: 'idle', conns, sources: 4 })
      const { server_cpu } = await load(server, { ...duration, conns, payload: 128, sources: 4 })
      await server.stop()
      return [server_cpu.us_per_event * conns, memory]
    },
  },
  {
    name: 'channels',
    title: 'Channels with one subscriber each, events to all of them in turn',
    x: 'channels',
    values: [10, 100, 1000, 10_000, 100_000],
    measured: [
      { label: 'CPU per publish', unit: 'µs', atMost: 0.1 },
      { label: 'memory', unit: 'MiB', atMost: 1.05, from: 10_000 },
    ],
    async at(channels) {
      const each = Math.min(200, channels / 10)
      const server = await Server.start(reverb({ flags: collectable }))
      const crowd = new Crowd()
      const before = await resident(server)
      await crowd.tell('connect', { port: server.port, count: channels / each })
      await crowd.tell('join', { each, prefix: 'bench-' })
      const memory = (await resident(server)) - before
      const report = await load(server, { ...duration, conns: 0, channels, payload: 128, 'pub-conns': 16 })
      crowd.end()
      await server.stop()
      return [report.server_cpu.us_per_event, memory]
    },
  },
  {
    name: 'channels-per-connection',
    title: 'Channels that a connection joins and leaves',
    x: 'channels of each connection',
    values: [1, 3, 10, 30, 100, 200],
    measured: [
      { label: 'CPU of joining them', unit: 'µs', atMost: 1.05, from: 10 },
      { label: 'CPU of leaving them by closing', unit: 'µs', atMost: 1.05, from: 10 },
    ],
    async at(each) {
      const connections = 500
      const server = await Server.start(reverb())
      const crowd = new Crowd()
      // Twice: the first round compiles what the second measures.
      for (const round of ['warm', 'measured']) {
        await crowd.tell('connect', { port: server.port, count: connections })
        const start = server.cpu
        await crowd.tell('join', { each, prefix: 'bench-' })
        const joined = server.cpu
        await crowd.tell('leave', {})
        await server.vacated()
        await delay(500)
        if (round === 'warm') continue
        crowd.end()
        const left = server.cpu
        await server.stop()
        return [(joined - start) / connections, (left - joined) / connections]
      }
      return []
    },
  },
  {
    name: 'payload',
    title: 'Size of an event for 1000 subscribers',
    x: 'bytes of data',
    values: [16, 128, 1024, 10_240, 102_400],
    measured: [{ label: 'CPU per delivery', unit: 'µs', atMost: 1 }],
    async at(payload) {
      const server = await Server.start(reverb())
      const { server_cpu } = await load(server, { ...duration, conns: 1000, payload })
      await server.stop()
      return [server_cpu.us_per_event]
    },
  },
  {
    name: 'presence',
    title: 'Members of a presence channel who join one after the other',
    x: 'members',
    values: [10, 30, 100, 300, 1000],
    measured: [
      { label: 'CPU per join', unit: 'µs', atMost: 1.05, from: 100 },
      { label: 'rosters, per join', unit: 'bytes', atMost: 1.05, from: 30 },
      { label: 'everything else, per join', unit: 'bytes', atMost: 1.05, from: 30 },
    ],
    async at(members) {
      const server = await Server.start(reverb({ env: { REVERB_PRESENCE_MAX_MEMBERS: '0' } }))
      const crowd = new Crowd()
      await crowd.tell('connect', { port: server.port, count: members })
      // As many joins for each point, and half of them to compile what the other half measures.
      const rounds = Math.min(100, Math.ceil(1000 / members))
      const sum = { cpu: 0, bytes: 0, roster: 0 }
      for (let round = -rounds; round < rounds; round++) {
        const start = server.cpu
        const { bytes, roster } = await crowd.tell('attend', { channel: `presence-${round}` })
        if (round < 0) continue
        sum.cpu += server.cpu - start
        sum.bytes += bytes
        sum.roster += roster
      }
      crowd.end()
      await server.stop()
      return [sum.cpu, sum.roster, sum.bytes - sum.roster].map((total) => total / rounds / members)
    },
  },
]

/**
 * MiB that clients take.
 * @param {Server} server
 * @param {import('../lib/load.mjs').LoadOptions & { readonly conns: number }} options
 */
async function memoryOf(server, options) {
  const before = await resident(server)
  const crowd = await inBackground(server, options)
  const after = await resident(server)
  await crowd.stop()
  return after - before
}

/** @param {Server} server */
async function resident(server) {
  return (await server.collect()).rss / mebibyte
}
