/** Small things that tests of a volume do again and again. */

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { makeStub } from '../build/stub.ts'
import type { Vzfs } from '../vzfs.ts'
import { filled } from './awkward-tree.ts'

/** A layer of one file of 6,000 bytes for each seed. */
export async function layerOf(vzfs: Vzfs, name: string, seeds: readonly number[]): Promise<void> {
  const source = await vzfs.scratch()
  for (const seed of seeds) writeFileSync(join(source, `f${seed}`), filled(6000, seed))
  await vzfs.layers.build(name, source)
}

/** A stub of 6,000 bytes, as it is in trees that are no layers. */
export function putStub(files: FileCalls, path: string, digest: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const times = { atime: 0n, mtime: 0n }
  const entry = {
    path: '',
    kind: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 6000,
    inode: 0n,
    links: 1,
    device: 0,
    target: '',
  } as const
  makeStub(files, Buffer.from(path), { ...entry, ...times, xattrs: [], stub: null }, digest)
}

/** Digests in the pool. */
export function poolOf(vzfs: Vzfs): string[] {
  const pool = join(vzfs.path, 'pool')
  return readdirSync(pool).flatMap((prefix) => readdirSync(join(pool, prefix)).map((rest) => prefix + rest))
}
