/** Structures of quotactl(2) for XFS commands, which ext4 answers too. linux/dqblk_xfs.h */

import type { GraceEnds, QuotaAccount, QuotaGrace, QuotaKind, QuotaLimits } from './quota.ts'
import { QUOTA_KINDS } from './quota.ts'

/** struct fs_disk_quota */
export const DISK_QUOTA_BYTES = 112
/** struct fs_quota_statv */
export const STATE_BYTES = 160

const VERSION = 1
/** Space is counted in "basic blocks". */
const BLOCK = 512
const SOFT_AND_HARD = 0b1111
const BYTES_TIMER = 1 << 6
const INODES_TIMER = 1 << 7
/** The timers' high bits count. */
const BIG_TIME = 1 << 15
const KIND_FLAG: Readonly<Record<QuotaKind, number>> = { user: 1, group: 2, project: 2 }

/** A limit that is not a whole number of blocks is rounded up: never less than was asked for. */
const blocks = (bytes: number | null): bigint => BigInt(bytes === null ? 0 : Math.max(1, Math.ceil(bytes / BLOCK)))
const count = (inodes: number | null): bigint => BigInt(inodes === null ? 0 : Math.max(1, inodes))

export function encodeLimits(kind: QuotaKind, id: number, limits: QuotaLimits): Buffer {
  const quota = empty(kind, id, SOFT_AND_HARD)
  quota.writeBigUInt64LE(blocks(limits.bytesHard), 8)
  quota.writeBigUInt64LE(blocks(limits.bytesSoft), 16)
  quota.writeBigUInt64LE(count(limits.inodesHard), 24)
  quota.writeBigUInt64LE(count(limits.inodesSoft), 32)
  return quota
}

/** The grace times of a kind are the timers of its id 0. */
export function encodeGrace(kind: QuotaKind, { bytes, inodes }: QuotaGrace): Buffer {
  const quota = empty(kind, 0, BYTES_TIMER | INODES_TIMER)
  quota.writeInt32LE(inodes, 56)
  quota.writeInt32LE(bytes, 60)
  return quota
}

/** Of an id other than 0. */
export function encodeGraceEnds(kind: QuotaKind, id: number, { bytes, inodes }: Partial<GraceEnds>): Buffer {
  const asked = (bytes === undefined ? 0 : BYTES_TIMER) | (inodes === undefined ? 0 : INODES_TIMER)
  const quota = empty(kind, id, asked | BIG_TIME)
  for (const [moment, low, high] of [
    [inodes ?? 0, 56, 68],
    [bytes ?? 0, 60, 69],
  ] as const) {
    quota.writeUInt32LE(moment % 2 ** 32, low)
    quota.writeInt8(Math.floor(moment / 2 ** 32), high)
  }
  return quota
}

function empty(kind: QuotaKind, id: number, fields: number): Buffer {
  const quota = Buffer.alloc(DISK_QUOTA_BYTES)
  quota.writeInt8(VERSION, 0)
  quota.writeInt8(KIND_FLAG[kind], 1)
  quota.writeUInt16LE(fields, 2)
  quota.writeUInt32LE(id, 4)
  return quota
}

export function decodeAccount(quota: Buffer): QuotaAccount {
  const number = (at: number): number => Number(quota.readBigUInt64LE(at))
  const limit = (at: number, unit: number): number | null => number(at) * unit || null
  // Seconds after 2038 have their high bits in a field of their own.
  const moment = (low: number, high: number): number | null => quota.readInt8(high) * 2 ** 32 + quota.readUInt32LE(low) || null
  return {
    id: quota.readUInt32LE(4),
    limits: {
      bytesHard: limit(8, BLOCK),
      bytesSoft: limit(16, BLOCK),
      inodesHard: limit(24, 1),
      inodesSoft: limit(32, 1),
    },
    bytes: number(40) * BLOCK,
    inodes: number(48),
    inodesGraceEnds: moment(56, 68),
    bytesGraceEnds: moment(60, 69),
  }
}

/** What to ask with: the version goes in. */
export function emptyState(): Buffer {
  const state = Buffer.alloc(STATE_BYTES)
  state.writeInt8(VERSION, 0)
  return state
}

/** Accounting and enforcement are two bits for each kind. */
export function enforcedKinds(state: Buffer): QuotaKind[] {
  const flags = state.readUInt16LE(2)
  return QUOTA_KINDS.filter((_, index) => ((flags >> (2 * index)) & 0b11) === 0b11)
}

export const decodeGrace = (state: Buffer): QuotaGrace => ({ bytes: state.readInt32LE(80), inodes: state.readInt32LE(84) })
