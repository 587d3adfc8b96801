/** Everything that no area may change on a volume: each file of layers and pool with its attributes, times and bytes. */

import { join } from 'node:path'
import { realFileCalls } from '@insula/kernel'
import { type Entry, entryPath } from '../build/entry.ts'
import { hashFile } from '../build/hash.ts'
import { scan } from '../build/scan.ts'

/** @param parts directories of the volume */
export function imprint(
  volume: string,
  parts: readonly string[] = ['layers', 'pool'],
): Readonly<Record<string, Omit<Entry, 'atime'> & { readonly bytes: string | null }>> {
  const found = parts.flatMap((part) => {
    const top = Buffer.from(join(volume, part))
    return scan(realFileCalls(), top).map(({ atime: _atime, ...entry }) => {
      const bytes = entry.kind === 'file' ? hashFile(entryPath(top, entry.path)).toString('hex') : null
      return [`${part}/${entry.path}`, { ...entry, bytes }] as const
    })
  })
  return Object.fromEntries(found)
}
