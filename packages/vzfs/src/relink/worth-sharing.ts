/** Which private files could be shared if anybody had the same: what is read and compared, by its metadata alone. */

import { type BigIntStats, lstatSync, unlinkSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { SHARED_FROM_BYTES } from '../build/shared-from.ts'
import { makeStub } from '../build/stub.ts'

const BLOCK = 512n
/** Bytes of holes for each byte on disk, and some that are never minded. */
const [MOST_HOLES, FEW_BYTES] = [1n, 1n << 20n]

/**
 * Those with several names would lose that when one of them is written. What is mostly holes is left alone: a file of exbibytes costs its owner one block, and would be
 * read for years.
 *
 * @param from bytes; a smaller one takes no more room than a link
 */
export const isWorthSharing = ({ size, blocks, nlink }: BigIntStats, from: number): boolean =>
  nlink === 1n && size >= from && blocks > 0n && size <= blocks * BLOCK * (1n + MOST_HOLES) + FEW_BYTES

/** Any file with contents where a link takes no block, as on XFS; on ext4 it takes one, for its attributes. Tried once, not guessed. */
export function smallestShared(files: FileCalls, scratch: string): number {
  const path = join(scratch, `link.${randomBytes(8).toString('hex')}`)
  const entry = {
    path: '',
    kind: 'file',
    mode: 0o600,
    uid: 0,
    gid: 0,
    size: 1,
    inode: 0n,
    links: 1,
    device: 0,
    target: '',
  } as const
  try {
    makeStub(files, Buffer.from(path), { ...entry, atime: 0n, mtime: 0n, xattrs: [], stub: null }, '0'.repeat(64))
    return lstatSync(path, { bigint: true }).blocks === 0n ? 1 : SHARED_FROM_BYTES
  } finally {
    unlinkSync(path)
  }
}
