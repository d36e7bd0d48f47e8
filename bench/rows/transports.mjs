import path from 'node:path'
import { reverb } from '../lib/contestants.mjs'
import { compared } from '../lib/row.mjs'
import { idle } from './memory.mjs'
import { churn } from './requests.mjs'

const main = path.join(import.meta.dirname, '../exchanged.mjs')

/** The transport that is not the default one. Measured only when it is named: it interests whoever changes one of them. */
export const transports = [
  compared({
    name: 'transport-connect',
    when: 'named',
    work: 'connect, subscribe, close',
    load: churn,
    yardsticks: [{ contestant: reverb({ name: 'ours with the other transport', main }) }],
  }),
  idle({ name: 'transport-memory', when: 'named', version: 'with the other transport', main }),
]
