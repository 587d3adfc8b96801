/** A tar archive of a tree like a kernel's: 20,000 small files in 1,000 directories. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runner } from '../node.ts'

const DIRECTORIES = 1_000
const FILES_EACH = 20

export async function madeTree(scratch: string, archive: string): Promise<void> {
  const tree = join(scratch, 'tree')
  for (let directory = 0; directory < DIRECTORIES; directory++) {
    const path = join(tree, `part${directory % 20}`, `d${directory}`)
    mkdirSync(path, { recursive: true })
    for (let file = 0; file < FILES_EACH; file++) {
      // From a hundred bytes to 40 KB, most of them small.
      const lines = 2 + ((directory * 7 + file * 13) % 50) ** 2 / 4
      writeFileSync(join(path, `f${file}.c`), `static int value_${directory}_${file};\n`.repeat(Math.ceil(lines)))
    }
  }
  await runner.run(['tar', '-C', scratch, '-cf', archive, 'tree'])
  rmSync(tree, { recursive: true })
}
