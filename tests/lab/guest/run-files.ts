/** In the machine: `run-files.ts SECONDS FILE...` runs files of tests and prints what became of each as a line of JSON. */

import { join } from 'node:path'
import { runFile } from '../../runner/run-file.ts'
import { HOME } from '../layout.ts'

const [seconds, ...files] = process.argv.slice(2)
for (const file of files) console.log(JSON.stringify(await runFile(join(HOME, file), HOME, Number(seconds))))
