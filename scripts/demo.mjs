// npm run demo: builds the package and the shop of examples/orders, then serves it.
import { run, runAll } from './lib/run.mjs'

await runAll(['node', 'scripts/build.mjs'], ['vite', 'build', 'examples/orders', '--logLevel', 'warn'])
const PORT = process.env['PORT'] || '4545'
process.exit(await run(['node', '--import', 'tsx', 'examples/orders/server.ts'], { PORT }))
