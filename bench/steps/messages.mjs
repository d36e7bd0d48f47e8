import { createHash, createHmac } from 'node:crypto'
import { decode } from '../../dist/protocol/decode.js'
import { channelEvent } from '../../dist/protocol/messages.js'
import { channelString, signChannel, signRequest, verifyAuth } from '../../dist/protocol/signature.js'
import { RawQuery, verifyBody, verifySignature } from '../../dist/server/api/request.js'
import { encodeFrame } from '../../dist/server/frame.js'
import { app } from './app.mjs'

const socketId = '123456789.987654321'
const channel = 'private-orders.1'
const text = channelString(socketId, channel)
const auth = signChannel(app, socketId, channel)
const subscribe = JSON.stringify({ event: 'pusher:subscribe', data: { channel, auth } })
const whisper = JSON.stringify({ event: 'client-typing', channel, data: { who: 'x'.repeat(100) } })
const data = 'x'.repeat(128)

const path = `/apps/${app.id}/events`
const body = Buffer.from(JSON.stringify({ name: 'OrderShipped', channel, data }))
const request = { method: /** @type {const} */ ('POST'), path, params: {}, body }
const url = `${path}?${signRequest(app, request)}`

/**
 * What is done once for each message or request.
 * @type {readonly import('../steps.mjs').Step[]}
 */
export const messages = [
  {
    title: 'decode a subscribe',
    least: 'JSON.parse',
    ours: () => decode(subscribe),
    baseline: () => JSON.parse(subscribe),
  },
  {
    title: 'decode a client event',
    least: 'JSON.parse',
    ours: () => decode(whisper),
    baseline: () => JSON.parse(whisper),
  },
  {
    title: 'sign a subscription',
    least: 'one HMAC',
    ours: () => signChannel(app, socketId, channel),
    baseline: () => hmac(text),
  },
  {
    title: 'verify a subscription',
    least: 'one HMAC',
    ours: () => verifyAuth(auth, app.key, [app.secret], text),
    baseline: () => hmac(text),
  },
  {
    title: 'sign a request',
    least: 'one HMAC, one MD5',
    ours: () => signRequest(app, request),
    baseline: () => hmac(url) + md5(),
  },
  {
    title: 'verify a request',
    least: 'one HMAC, one MD5',
    ours: verify,
    baseline: () => hmac(url) + md5(),
  },
  {
    title: 'frame an event',
    least: 'JSON.stringify',
    ours: () => encodeFrame(channelEvent(channel, 'OrderShipped', data)),
    baseline: () => JSON.stringify({ event: 'OrderShipped', channel, data }),
  },
]

function verify() {
  const query = new RawQuery(url)
  verifySignature(app, { method: 'POST', paths: [path], query })
  verifyBody(query, body)
  return query
}

/** @param {string} signed */
function hmac(signed) {
  return createHmac('sha256', app.secret).update(signed).digest('hex')
}

function md5() {
  return createHash('md5').update(body).digest('hex')
}
