// npm run build: compiles src/ into dist/.
import { chmodSync, existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { root, runAll } from './lib/run.mjs'

const dist = path.join(root, 'dist')
const bin = path.join(dist, 'cli/main.js')

rmSync(dist, { recursive: true, force: true })
await runAll(['tsc', '-p', 'tsconfig.build.json'])
// tsc sets no executable bit; without it `npx reverb` says "Permission denied".
if (existsSync(bin)) chmodSync(bin, 0o755)
