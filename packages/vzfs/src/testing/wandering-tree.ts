/** A tenant whose directories never come back to where they were, so that nobody who goes down there finds the way he came: `wandering-tree.ts TREE`. */

import { mkdirSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const [tree = ''] = process.argv.slice(2)
/** All but one have one, and each moves on to the one that has none: nobody goes past them all. */
const [PLACES, LEVELS] = [9, 300]
const moved = (place: number): string => join(tree, `${place % PLACES}/moved`)
mkdirSync(join(tree, '0'), { recursive: true })
for (let place = 1; place < PLACES; place++)
  mkdirSync(join(moved(place), ...Array.from({ length: LEVELS }, () => 'd')), { recursive: true })
writeSync(1, '.')
for (let free = 0; ; free++) renameSync(moved(free + 1), moved(free))
