/** Which contents of the pool are named, and by which holders that was found. For threads. */

import type { FileCalls } from '@insula/kernel'
import { digestsOfRecord, linksRecordOf } from '../links/record.ts'
import type { VolumePaths } from '../volume-paths.ts'
import { knownLayer } from './known-layer.ts'
import { stubsBelow } from './stubs-below.ts'
import { type Holder, holderKey, holders } from './trees.ts'

/** Signs of what was read, by holder. */
export type Marks = Readonly<Record<string, string | null>>

export interface Marked {
  readonly named: ReadonlySet<string>
  readonly marks: Marks
}

/**
 * @param known leaves out what has not changed since
 * @throws VzfsError damaged when something cannot be read: nobody knows then what it names
 */
export async function mark(
  files: FileCalls,
  paths: VolumePaths,
  known: Marks = {},
  progress: (done: number, total: number) => void = () => undefined,
): Promise<Marked> {
  const named = new Set<string>()
  const marks: Record<string, string | null> = {}
  const all = holders(paths)
  for (const [index, holder] of all.entries()) {
    const key = holderKey(holder)
    marks[key] = holder.sign
    if (holder.sign === null || known[key] !== holder.sign) await read(files, holder, named)
    progress(index + 1, all.length)
  }
  return { named, marks }
}

async function read(files: FileCalls, { kind, name, directory, trees }: Holder, named: Set<string>): Promise<void> {
  if (kind === 'area') {
    for (const tree of trees) {
      await stubsBelow(files, tree, (digest) => named.add(digest))
      // What was removed by hand can be made again as long as its contents are there.
      for (const digest of digestsOfRecord(linksRecordOf(tree))) named.add(digest)
    }
    return
  }
  for (const { digest } of (await knownLayer(files, directory, name))?.entries ?? []) if (digest !== null) named.add(digest)
}
