import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Application, currentApplications } from './application.ts'
import { MissingBindingError, ProviderError } from './errors.ts'
import { Provider } from './provider.ts'

declare module './application.ts' {
  interface Bindings {
    clock: { now(): number }
    greeting: string
  }
}

const steps: string[] = []
afterEach(async () => {
  for (const app of currentApplications()) await app.shutdown().catch(() => {})
  steps.length = 0
})

class First extends Provider<{ name?: string }> {
  override register() {
    steps.push('register first')
    this.app.bind('greeting', this.config.name ?? 'nobody')
  }
  override async boot() {
    steps.push('boot first')
    await Promise.resolve()
    steps.push('first has booted')
  }
  override booted() {
    steps.push('first sees all booted')
  }
  override shutdown() {
    steps.push('shutdown first')
  }
}

class Second extends Provider {
  override register() {
    steps.push('register second')
  }
  override boot() {
    steps.push('boot second')
  }
  override shutdown() {
    steps.push('shutdown second')
  }
}

describe('Application', () => {
  describe('#boot', () => {
    it('names what stands in the list of providers and is none', async () => {
      const boot = (entry: unknown) =>
        new Application({ providers: [Provider, entry] as never, env: {} }).boot()
      await expect(boot(undefined)).rejects.toThrow('providers[1] is undefined; expected a provider class')
      await expect(boot(new Date())).rejects.toThrow('providers[1] is an instance of Date')
    })

    it('does nothing before, then registers all, boots them in order and tells each that all are booted', async () => {
      const app = new Application({ providers: [First, Second], env: {} })
      expect(steps).toEqual([])
      await app.boot()
      expect(steps).toEqual([
        'register first',
        'register second',
        'boot first',
        'first has booted',
        'boot second',
        'first sees all booted',
      ])
    })

    it('happens once, however often it is called', async () => {
      const app = new Application({ providers: [Second], env: {} })
      await Promise.all([app.boot(), app.boot()])
      await app.boot()
      expect(steps).toEqual(['register second', 'boot second'])
    })

    it('gives a provider the configuration beside it, or what the function beside it returns', async () => {
      const given = new Application({ providers: [[First, { name: 'Ann' }]], env: {} })
      const made = new Application({ providers: [[First, () => ({ name: 'Bob' })]], env: {} })
      const none = new Application({ providers: [First], env: {} })
      await Promise.all([given.boot(), made.boot(), none.boot()])
      expect([given, made, none].map((app) => app.make('greeting'))).toEqual(['Ann', 'Bob', 'nobody'])
    })

    it('gives it so that a provider, when it is printed or turned into JSON, does not show it', () => {
      const provider = new First(new Application({ providers: [], env: {} }), { name: 'sesame' })
      expect(provider.config).toEqual({ name: 'sesame' })
      expect(inspect(provider, { depth: null })).not.toContain('sesame')
      expect(JSON.stringify(provider)).not.toContain('sesame')
    })

    it.each([
      ['a promise; it must be there at once', Promise.resolve({ name: 'Ann' })],
      ['a promise; it must be there at once', () => Promise.reject(new Error('never seen'))],
      ['undefined; expected an object', undefined],
      ['undefined; expected an object', () => {}],
      ['null; expected an object', null],
    ])('refuses a configuration that is %s', async (problem, config) => {
      const app = new Application({ providers: [[First, config as { name: string }]], env: {} })
      const message = `The configuration of First is ${problem}`
      await expect(app.boot()).rejects.toThrow(expect.objectContaining({ name: 'ProviderError' }))
      await expect(app.boot()).rejects.toThrow(message)
    })

    it('calls the function of a pair when the providers before it are registered', async () => {
      const app = new Application({
        providers: [
          [First, { name: 'Ann' }],
          [Late, (owner) => ({ greeting: owner.make('greeting') })],
        ],
        env: {},
      })
      await app.boot()
      expect(steps).toContain('late got Ann')
    })

    it('refuses a register() that is not synchronous', async () => {
      class Impatient extends Provider {
        override async register() {
          throw new Error('never seen')
        }
      }
      const app = new Application({ providers: [Impatient], env: {} })
      await expect(app.boot()).rejects.toThrow(ProviderError)
      await expect(app.boot()).rejects.toThrow('Impatient.register() returned a promise')
    })

    it('shuts down what was registered before it throws what went wrong', async () => {
      class Failing extends Provider {
        override boot() {
          throw new Error('no database')
        }
        override shutdown() {
          steps.push('shutdown failing')
        }
      }
      const app = new Application({ providers: [First, Failing, Second], env: {} })
      await expect(app.boot()).rejects.toThrow('no database')
      expect(steps.slice(-3)).toEqual(['shutdown second', 'shutdown failing', 'shutdown first'])
      expect(currentApplications()).toEqual([])
      await app.shutdown()
      expect(steps.filter((step) => step === 'shutdown first')).toHaveLength(1)
    })

    it('does not shut down a provider that never registered', async () => {
      class Unregistered extends Provider {
        override register() {
          throw new Error('bad setting')
        }
        override shutdown() {
          steps.push('shutdown unregistered')
        }
      }
      const app = new Application({ providers: [First, Unregistered], env: {} })
      await expect(app.boot()).rejects.toThrow('bad setting')
      expect(steps).toEqual(['register first', 'shutdown first'])
    })

    it('reports what fails while it shuts down after a failure, and throws the failure itself', async () => {
      const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      onTestFinished(() => warn.mockRestore())
      class Failing extends Provider {
        override boot() {
          throw new Error('first')
        }
        override shutdown() {
          throw new Error('second')
        }
      }
      await expect(new Application({ providers: [Failing], env: {} }).boot()).rejects.toThrow('first')
      expect(warn).toHaveBeenCalledWith(expect.stringContaining('second'))
    })
  })

  describe('called by a provider', () => {
    /** An application whose provider calls it back at this step. */
    function calling(step: 'register' | 'boot', call: (app: Application) => unknown) {
      class Calling extends Provider {
        override register() {
          steps.push('register calling')
          if (step === 'register') call(this.app)
        }
        override async boot() {
          if (step === 'boot') await call(this.app)
        }
        override shutdown() {
          steps.push('shutdown calling')
        }
      }
      return new Application({ providers: [Calling], env: {} })
    }

    it('boot() is refused in register(), and starts nothing again', async () => {
      const refused: Promise<unknown>[] = []
      const app = calling('register', (owner) => refused.push(owner.boot().catch((error) => error)))
      await app.boot()
      expect(await Promise.all(refused)).toEqual([expect.any(ProviderError)])
      expect(steps).toEqual(['register calling'])
    })

    it.each(['boot', 'shutdown'] as const)(
      '%s() is refused in boot(), where it would wait for itself',
      async (method) => {
        const app = calling('boot', (owner) => owner[method]())
        await expect(app.boot()).rejects.toThrow(ProviderError)
        await expect(app.boot()).rejects.toThrow(`${method}() was called by a provider`)
        expect(steps).toEqual(['register calling', 'shutdown calling'])
      },
    )

    it('shutdown() is refused in boot() after an await, too', async () => {
      const app = calling('boot', async (owner) => {
        await new Promise((resolve) => setImmediate(resolve))
        await owner.shutdown()
      })
      await expect(app.boot()).rejects.toThrow('shutdown() was called by a provider')
    })

    it('shutdown() may be called by what it has started, later', async () => {
      let stop = () => {}
      const stopped = new Promise<void>((resolve) => {
        stop = resolve
      })
      const app = calling('boot', (owner) => {
        setTimeout(() => owner.shutdown().then(stop), 1)
      })
      await app.boot()
      await stopped
      expect(steps).toEqual(['register calling', 'shutdown calling'])
    })
  })

  describe('#shutdown', () => {
    it('is the end: the application does not boot again, and says so', async () => {
      const app = new Application({ providers: [Second], env: {} })
      await app.boot()
      await app.shutdown()
      await expect(app.boot()).rejects.toThrow(ProviderError)
      await expect(app.boot()).rejects.toThrow('has been shut down; make a new one')
    })

    it('shuts down in reverse, once', async () => {
      const app = new Application({ providers: [First, Second], env: {} })
      await app.boot()
      steps.length = 0
      await Promise.all([app.shutdown(), app.shutdown()])
      await app.shutdown()
      expect(steps).toEqual(['shutdown second', 'shutdown first'])
    })

    it('waits for a boot that is under way', async () => {
      const app = new Application({ providers: [First], env: {} })
      const booting = app.boot()
      await app.shutdown()
      await booting
      expect(steps.slice(-2)).toEqual(['first sees all booted', 'shutdown first'])
    })

    it('does nothing where nothing was booted, and the application can still boot', async () => {
      const app = new Application({ providers: [Second], env: {} })
      await app.shutdown()
      await app.boot()
      await app.shutdown()
      expect(steps).toEqual(['register second', 'boot second', 'shutdown second'])
    })

    it('gives every provider its turn before it throws', async () => {
      const app = new Application({ providers: [First, Broken], env: {} })
      await app.boot()
      await expect(app.shutdown()).rejects.toThrow('cannot stop')
      expect(steps).toContain('shutdown first')
    })

    it('throws all that went wrong together', async () => {
      const app = new Application({ providers: [Broken, Broken], env: {} })
      await app.boot()
      await expect(app.shutdown()).rejects.toMatchObject({
        errors: [{ message: 'cannot stop' }, { message: 'cannot stop' }],
      })
    })
  })

  describe('#make', () => {
    const app = new Application({ providers: [], env: {} })

    it('resolves a value, and the latest one bound', () => {
      app.bind('greeting', 'hello')
      app.bind('greeting', 'goodbye')
      expect(app.make('greeting')).toBe('goodbye')
      expect(app.has('greeting')).toBe(true)
    })

    it('makes a singleton when it is first asked for, and once', () => {
      const factory = vi.fn((owner: Application) => ({ now: () => (owner === app ? 1 : 0) }))
      app.singleton('clock', factory)
      expect(factory).not.toHaveBeenCalled()
      expect(app.make('clock')).toBe(app.make('clock'))
      expect(app.make('clock').now()).toBe(1)
      expect(factory).toHaveBeenCalledOnce()
    })

    it('names the key that is missing and lists what is bound', () => {
      const empty = new Application({ providers: [], env: {} })
      expect(empty.has('clock')).toBe(false)
      expect(() => empty.make('clock')).toThrow('Nothing is bound as "clock". Bound: nothing.')
      empty.bind('greeting', 'hello')
      expect(() => empty.make('clock')).toThrow(MissingBindingError)
      expect(() => empty.make('clock')).toThrow('Bound: greeting.')
    })
  })

  describe('.env', () => {
    const variables = ['STARTKIT_TEST_FILE', 'STARTKIT_TEST_REAL', 'REVERB_APP_KEY'] as const

    function folderWith(text: string): string {
      const folder = mkdtempSync(join(tmpdir(), 'application-'))
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, '.env'), text)
      onTestFinished(() => {
        rmSync(folder, { recursive: true })
        for (const variable of variables) delete process.env[variable]
      })
      return folder
    }

    it('of the base path is loaded before the functions of pairs are called; it overrides nothing and keeps 007', async () => {
      process.env['STARTKIT_TEST_REAL'] = 'real'
      const basePath = folderWith('STARTKIT_TEST_FILE=007\nSTARTKIT_TEST_REAL=file\n')
      const providers = [[First, () => ({ name: String(process.env['STARTKIT_TEST_FILE']) })]] as const
      const app = new Application({ basePath, providers })
      await app.boot()
      expect(app.make('greeting')).toBe('007')
      expect(app.env['STARTKIT_TEST_REAL']).toBe('real')
    })

    it('gives what a variable of ours that is empty does not say; those of others stay empty', async () => {
      process.env['REVERB_APP_KEY'] = ''
      process.env['STARTKIT_TEST_REAL'] = ''
      const basePath = folderWith('REVERB_APP_KEY=from-file\nSTARTKIT_TEST_REAL=file\n')
      const app = new Application({ basePath, providers: [] })
      await app.boot()
      expect([app.env['REVERB_APP_KEY'], app.env['STARTKIT_TEST_REAL']]).toEqual(['from-file', ''])
    })

    it('may be missing', async () => {
      const basePath = mkdtempSync(join(tmpdir(), 'application-'))
      onTestFinished(() => rmSync(basePath, { recursive: true }))
      await expect(new Application({ basePath, providers: [] }).boot()).resolves.toBeUndefined()
    })

    it('is not loaded where the environment is given', async () => {
      const app = new Application({
        basePath: folderWith('STARTKIT_TEST_FILE=1'),
        providers: [],
        env: { A: 'b' },
      })
      await app.boot()
      expect(app.env).toEqual({ A: 'b' })
      expect(process.env['STARTKIT_TEST_FILE']).toBeUndefined()
    })
  })
})

describe('currentApplications', () => {
  class Watching extends Provider {
    override async boot() {
      await Promise.resolve()
      steps.push(`${this.app.basePath} sees ${running()}`)
    }
  }
  /** An application that goes by a name. */
  const named = (basePath: string, ...providers: (new (app: Application, config: object) => Provider)[]) =>
    new Application({ basePath, providers, env: {} })
  const running = () =>
    currentApplications()
      .map(({ basePath }) => basePath)
      .join()

  it('are those that were started and not shut down, the last one first', async () => {
    const [one, two] = [named('one'), named('two')]
    await one.boot()
    const booting = two.boot()
    expect(running()).toBe('two,one')
    await booting
    await two.shutdown()
    expect(running()).toBe('one')
    await one.shutdown()
    expect(running()).toBe('')
  })

  it('no longer hold one that failed to boot', async () => {
    class Failing extends Provider {
      override boot() {
        throw new Error('no database')
      }
    }
    await named('one').boot()
    await expect(named('two', Failing).boot()).rejects.toThrow('no database')
    expect(running()).toBe('one')
  })

  it('are for a provider that boots its own application alone, whatever boots beside it', async () => {
    await Promise.all([named('one', Watching).boot(), named('two', Watching).boot()])
    expect(steps).toEqual(['one sees one', 'two sees two'])
    expect(running()).toBe('two,one')
  })
})

class Late extends Provider<{ greeting: string }> {
  override register() {
    steps.push(`late got ${this.config.greeting}`)
  }
}

class Broken extends Provider {
  override shutdown() {
    throw new Error('cannot stop')
  }
}
