/** Relinks area 1 of a volume, and before each step says so and waits to be told to go on: `power-relink.ts VOLUME`. */

import { readSync, writeSync } from 'node:fs'
import { relinkHere } from './relink-here.ts'

const [path = ''] = process.argv.slice(2)
const word = Buffer.alloc(1)
await relinkHere(path, 1, ['os'], () => {
  writeSync(1, '.')
  readSync(0, word)
})
