/** The insula command. bin/insula starts it with the compile cache on. */

import { run } from './run.ts'

process.exit(await run(process.argv.slice(2)))
