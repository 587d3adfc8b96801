/** Which private files could be shared if anybody had the same: what is read and compared, by its metadata alone. */

import type { BigIntStats } from 'node:fs'
import { SHARED_FROM_BYTES } from '../build/shared-from.ts'

const BLOCK = 512n
/** Bytes of holes for each byte on disk, and some that are never minded. */
const [MOST_HOLES, FEW_BYTES] = [1n, 1n << 20n]

/**
 * Small ones take no more room than a link. Those with several names would lose that when one of them is written. What is mostly holes is left alone: a file of
 * exbibytes costs its owner one block, and would be read for years.
 */
export const isWorthSharing = ({ size, blocks, nlink }: BigIntStats): boolean =>
  nlink === 1n && size >= SHARED_FROM_BYTES && blocks > 0n && size <= blocks * BLOCK * (1n + MOST_HOLES) + FEW_BYTES
