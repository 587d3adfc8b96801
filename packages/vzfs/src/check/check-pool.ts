/** Names, owners and modes in the pool. What the contents are is another question, which takes reading them. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { poolKey } from '../names.ts'
import type { VolumePaths } from '../volume-paths.ts'
import type { Report } from './findings.ts'
import { type PoolIndex, statsOf } from './pool-index.ts'

const CONTENTS_MODE = 0o444
const DIRECTORY_MODE = 0o700

export function checkPool(paths: VolumePaths, index: PoolIndex, report: Report): void {
  for (const path of index.strays) report({ kind: 'pool-stray', path, problem: 'it does not belong into the pool' })
  for (const prefix of readdirSync(paths.pool)) {
    const path = join(paths.pool, prefix)
    const stats = statsOf(path)
    if (stats?.isDirectory() !== true || index.strays.includes(path)) continue
    if (stats.uid !== 0 || stats.gid !== 0 || (stats.mode & 0o7777) !== DIRECTORY_MODE)
      report({ kind: 'pool-file', path, problem: notOf(stats, DIRECTORY_MODE) })
  }
  for (const [digest, stats] of index.contents) {
    const path = join(paths.pool, poolKey(digest))
    if (stats.uid !== 0 || stats.gid !== 0 || (stats.mode & 0o7777) !== CONTENTS_MODE)
      report({ kind: 'pool-file', path, digest, problem: notOf(stats, CONTENTS_MODE) })
    if (stats.nlink !== 1)
      report({
        kind: 'pool-linked',
        path,
        digest,
        problem: `it has ${stats.nlink} names: through another one it could be changed`,
      })
  }
}

const notOf = ({ uid, gid, mode }: { uid: number; gid: number; mode: number }, wanted: number): string =>
  `it belongs to ${uid}:${gid} with mode ${octal(mode)} instead of 0:0 with ${octal(wanted)}`

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0')
