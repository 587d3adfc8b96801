/** How many links an area has, directories included, and what they stand for on disk. */

import { readdirSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { REDIRECT } from '../build/stub.ts'
import { statOrNull } from './lower.ts'

export interface LinkCount {
  readonly count: number
  readonly bytes: number
}

export function countLinks(files: FileCalls, links: Buffer | null, pool: string): LinkCount {
  if (links === null) return { count: 0, bytes: 0 }
  let [count, bytes] = [0, 0]
  const pending: Buffer[] = [links]
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    count++
    const stats = statOrNull(here)
    if (stats?.isDirectory() === true) {
      for (const name of readdirSync(here, { encoding: 'buffer' })) pending.push(Buffer.concat([here, Buffer.from('/'), name]))
    } else if (stats?.isFile() === true) {
      const key = files.getXattr(here, REDIRECT)?.toString('latin1') ?? ''
      bytes += Number(statOrNull(Buffer.from(pool + key))?.blocks ?? 0n) * 512
    }
  }
  return { count, bytes }
}
