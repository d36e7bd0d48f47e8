import type { ReactNode } from 'react'
import type { BroadcastingSettings } from '../../src/client/index.ts'
import { BroadcastingProvider } from '../../src/react/index.ts'
import { FakePusher } from '../../src/testing/fake-pusher.ts'

/** A page without a server: what it asks pusher-js for can be seen, and what the server answers can be said. */
export class Page {
  readonly pushers: FakePusher[] = []
  readonly errors: unknown[] = []
  /** Settings that make all of this happen, for a client or a provider. */
  readonly settings: BroadcastingSettings = {
    linger: 1000,
    onError: (error) => this.errors.push(error),
    createPusher: (key, options) => {
      const pusher = new FakePusher(key, options)
      this.pushers.push(pusher)
      return pusher
    },
  }

  /** The one connection of the page; there must be one. */
  get pusher(): FakePusher {
    const [pusher, ...others] = this.pushers
    if (!pusher || others.length > 0) throw new Error(`The page has ${this.pushers.length} connections`)
    return pusher
  }

  /** What stands around the components of the page. */
  readonly wrapper = ({ children }: { children: ReactNode }): ReactNode => (
    <BroadcastingProvider settings={this.settings}>{children}</BroadcastingProvider>
  )
}
