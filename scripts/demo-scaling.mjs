// npm run demo:scaling: builds the package, then starts Redis, two nodes and a balancer from examples/scaling-redis.
import { run, runAll } from './lib/run.mjs'

await runAll(['node', 'scripts/build.mjs'])
process.exit(await run(['node', '--import', 'tsx', 'examples/scaling-redis/start.ts']))
