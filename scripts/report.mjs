// node scripts/report.mjs test node-24: prints the sum of those reports of Vitest, alone on the last line.
import { countTests, describeCounts } from './lib/vitest.mjs'

console.log(describeCounts(countTests(...process.argv.slice(2))))
