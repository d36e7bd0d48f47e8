import { EventEmitter, once } from 'node:events'
import { Server as HttpServer } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { currentSocketId } from '../broadcasting/request-context.ts'
import { Application } from '../foundation/application.ts'
import type { HttpRequest } from '../foundation/http.ts'
import { Provider } from '../foundation/provider.ts'
import { type FastifyConfig, FastifyProvider } from './fastify.ts'

let app: Application | undefined
afterEach(async () => {
  await app?.shutdown()
})

/** Boots an application whose provider sets up the web app. */
async function boot(setUp: (fastify: FastifyInstance) => unknown = () => {}, instance?: FastifyInstance) {
  class AppProvider extends Provider {
    override async boot() {
      await setUp(this.app.fastify)
    }
  }
  const web = instance === undefined ? FastifyProvider : ([FastifyProvider, { instance }] as const)
  app = new Application({ providers: [web, AppProvider], env: {} })
  await app.boot()
  return app
}

/** A route that answers with what it was asked. */
const echo = {
  methods: ['GET', 'POST'],
  path: '/echo',
  handle: async ({ method, query, body, headers, original }: HttpRequest) => ({
    status: 202,
    headers: { 'content-type': 'text/x-echo', 'x-type': String(headers['content-type']) },
    body: JSON.stringify({ method, query, body, url: (original as { url: string }).url }),
  }),
}

describe('FastifyProvider', () => {
  it('says what to do when app.fastify is asked for before the boot, or without the provider', () => {
    const app = new Application({ providers: [FastifyProvider], env: {} })
    expect(() => app.fastify).toThrow(/"fastify".*app\.boot\(\)/s)
  })

  it('is the web app, with the options given', async () => {
    app = new Application({ providers: [[FastifyProvider, { bodyLimit: 7 }]], env: {} })
    await app.boot()
    expect(app.make('fastify')).toBe(app.fastify)
    expect(app.fastify.initialConfig.bodyLimit).toBe(7)
  })

  it('takes an app that exists already', async () => {
    const instance = Fastify()
    const { fastify } = await boot(undefined, instance)
    expect(fastify).toBe(instance)
  })

  it.each([
    ['is ready', (web: FastifyInstance) => web.ready()],
    ['listens', (web: FastifyInstance) => web.listen({ host: '127.0.0.1', port: 0 })],
  ])('says what to do when the app that exists already %s', async (_when, begin) => {
    const instance = Fastify()
    onTestFinished(() => instance.close())
    await begin(instance)
    await expect(boot(undefined, instance)).rejects.toThrow(
      'Fastify takes the hooks of FastifyProvider only before it is ready; call ready() and listen() after `await app.boot()`',
    )
  })

  it('closes the web app with the application', async () => {
    const booted = await boot()
    await booted.fastify.listen({ port: 0, host: '127.0.0.1' })
    await booted.shutdown()
    expect(booted.fastify.server.listening).toBe(false)
  })

  describe('runs requests in their context', () => {
    const answer = async () => ({ socketId: currentSocketId() ?? null })
    const headers = { 'X-Socket-ID': '1.2' }

    it('without a body, with a body, after hooks that wait, and one beside the other', async () => {
      const { fastify } = await boot((web) => {
        web.addHook('onRequest', async () => void (await new Promise((resolve) => setImmediate(resolve))))
        web.addHook('preHandler', async () => void (await new Promise((resolve) => setTimeout(resolve, 1))))
        web.get('/', answer)
        web.post('/', answer)
      })
      // Over a real connection: an injected body would not leave the context.
      const address = await fastify.listen({ port: 0, host: '127.0.0.1' })
      const ask = async (init: RequestInit) => (await fetch(address, init)).json()
      const post = { method: 'POST', body: JSON.stringify({ padding: 'x'.repeat(200_000) }) }
      const json = { 'content-type': 'application/json' }
      expect(
        await Promise.all([
          ask({ headers }),
          ask({ ...post, headers: { ...json, 'x-socket-id': '3.4' } }),
          ask({ ...post, headers: json }),
          ask({ headers: { 'X-SOCKET-ID': 'no id' } }),
        ]),
      ).toEqual([{ socketId: '1.2' }, { socketId: '3.4' }, { socketId: null }, { socketId: null }])
    })

    it('after a hook that went on in another context', async () => {
      const pool = new EventEmitter()
      const { fastify } = await boot((web) => {
        web.addHook('onRequest', (_request, _reply, done) => {
          pool.once('free', done)
          pool.emit('waiting')
        })
        web.get('/', answer)
      })
      const waiting = once(pool, 'waiting')
      const answered = fastify.inject({ url: '/', headers }).then((response) => response.json())
      await waiting
      pool.emit('free')
      expect(await answered).toEqual({ socketId: '1.2' })
    })

    it('from the first hook on', async () => {
      let early: unknown
      const { fastify } = await boot((web) => {
        web.addHook('onRequest', async () => {
          early = currentSocketId()
        })
        web.get('/', answer)
      })
      await fastify.inject({ url: '/', headers })
      expect(early).toBe('1.2')
    })

    it('in plugins and scopes, too', async () => {
      const { fastify } = await boot((web) => web.register(async (scope) => scope.get('/scoped', answer)))
      expect((await fastify.inject({ url: '/scoped', headers })).json()).toEqual({ socketId: '1.2' })
    })
  })

  it.each<[string, FastifyConfig]>([
    ['https', { https: {} }],
    ['HTTP/2', { http2: true }],
    ['HTTP/2 that somebody has made', { instance: Fastify({ http2: true }) }],
  ])('serves over %s, too', async (_what, config) => {
    app = new Application({ providers: [[FastifyProvider, config]], env: {} })
    await app.boot()
    await app.make('http').addRoutes([echo])
    app.fastify.get('/socket', async () => ({ socketId: currentSocketId() ?? null }))
    expect((await app.fastify.inject('/echo')).statusCode).toBe(202)
    const headers = { 'x-socket-id': '1.2' }
    expect((await app.fastify.inject({ url: '/socket', headers })).json()).toEqual({ socketId: '1.2' })
    expect(app.fastify.server).not.toBeInstanceOf(HttpServer)
  })

  describe('adds routes', () => {
    it('that get text, whatever the type, and answer as they like', async () => {
      const booted = await boot()
      await booted.make('http').addRoutes([echo])
      for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/weird']) {
        const answer = await booted.fastify.inject({
          method: 'POST',
          url: '/echo?a=1',
          headers: { 'content-type': type },
          payload: 'a=b',
        })
        expect(answer.statusCode).toBe(202)
        expect(answer.headers).toMatchObject({ 'content-type': 'text/x-echo', 'x-type': type })
        expect(JSON.parse(answer.body)).toEqual({
          method: 'POST',
          query: { a: '1' },
          body: 'a=b',
          url: '/echo?a=1',
        })
      }
      const get = await booted.fastify.inject({ url: '/echo' })
      expect(JSON.parse(get.body)).toEqual({ method: 'GET', query: {}, url: '/echo' })
    })

    it('beside parsers of the app, which neither see those bodies nor change', async () => {
      const seen: string[] = []
      const booted = await boot((web) => {
        web.addContentTypeParser(
          'application/x-www-form-urlencoded',
          { parseAs: 'string' },
          (_request, body, done) => {
            seen.push(String(body))
            done(null, { parsed: true })
          },
        )
        web.post('/own', async ({ body }) => body)
      })
      await booted.make('http').addRoutes([echo])
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const ask = (url: string, payload: string) =>
        booted.fastify.inject({ method: 'POST', url, headers, payload })
      expect(JSON.parse((await ask('/echo', 'a=b')).body)).toMatchObject({ body: 'a=b' })
      expect((await ask('/own', 'c=d')).json()).toEqual({ parsed: true })
      expect(seen).toEqual(['c=d'])
      const json = await booted.fastify.inject({ method: 'POST', url: '/own', payload: { x: 1 } })
      expect(json.json()).toEqual({ x: 1 })
    })

    it('to which the hooks and decorators of the app apply', async () => {
      const booted = await boot((web) => {
        web.decorateRequest('who', '')
        web.addHook('onRequest', async (request) => {
          Object.assign(request, { who: 'Ann' })
        })
      })
      let who: unknown
      const handle = async ({ original }: HttpRequest) => {
        who = (original as { who: string }).who
        return { status: 200, headers: {}, body: '' }
      }
      await booted.make('http').addRoutes([{ methods: ['GET'], path: '/who', handle }])
      await booted.fastify.inject('/who')
      expect(who).toBe('Ann')
    })

    it('that refuse large bodies', async () => {
      const booted = await boot()
      await booted.make('http').addRoutes([echo])
      const answer = await booted.fastify.inject({
        method: 'POST',
        url: '/echo',
        payload: 'x'.repeat(65_537),
      })
      expect(answer.statusCode).toBe(413)
    })

    it.each([
      ['is ready', (web: FastifyInstance) => web.ready()],
      ['listens', (web: FastifyInstance) => web.listen({ host: '127.0.0.1', port: 0 })],
    ])('only before the web app %s, and says so', async (_when, makeReady) => {
      const booted = await boot(makeReady)
      await expect(booted.make('http').addRoutes([echo])).rejects.toThrow(
        'Fastify takes /echo only before it is ready; call ready() and listen() after `await app.boot()`',
      )
    })

    it('and passes on what else Fastify has against them', async () => {
      const booted = await boot((web) => web.get('/echo', async () => 'taken'))
      await expect(booted.make('http').addRoutes([echo])).rejects.toThrow('already declared')
    })
  })
})
