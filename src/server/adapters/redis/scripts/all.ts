import { connect } from './connect.ts'
import { keep, last } from './events.ts'
import { hold } from './hold.ts'
import { online } from './online.ts'
import { connections, occupied, state } from './reads.ts'
import { reap } from './reap.ts'
import { renew } from './renew.ts'
import type { Script } from './script.ts'
import { settle } from './settle.ts'
import { sign } from './sign.ts'

/** Every script there is, to be loaded before the first is called. */
export const scripts: readonly Script[] = [
  renew,
  hold,
  state,
  occupied,
  connect,
  connections,
  sign,
  online,
  reap,
  settle,
  keep,
  last,
]
