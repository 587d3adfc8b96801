/**
 * A tenant who moves directories about without end, and puts symbolic links in their place, to make who walks through his files fail or come out elsewhere:
 * `restless-tree.ts TREE OUTSIDE`.
 */

import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const [tree = '', outside = ''] = process.argv.slice(2)
const at = (name: string): string => join(tree, name)
for (const parent of ['one', 'other']) mkdirSync(at(parent))
mkdirSync(at('one/moved/deep/deeper/deepest'), { recursive: true })
for (let file = 0; file < 50; file++) writeFileSync(at(`one/moved/deep/deeper/deepest/${file}`), 'x')
mkdirSync(at('swapped'))
writeSync(1, '.')
for (let round = 0; ; round++) {
  const [from, to] = round % 2 === 0 ? ['one', 'other'] : ['other', 'one']
  renameSync(at(`${from}/moved`), at(`${to}/moved`))
  renameSync(at(`${to}/moved/deep/deeper`), at('loose'))
  renameSync(at('loose'), at(`${to}/moved/deep/deeper`))
  renameSync(at('swapped'), at('hidden'))
  symlinkSync(outside, at('swapped'))
  unlinkSync(at('swapped'))
  renameSync(at('hidden'), at('swapped'))
}
