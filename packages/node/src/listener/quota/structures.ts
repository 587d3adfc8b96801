/** What quotactl(2) reads and writes, for 64-bit programs: linux/quota.h and linux/dqblk_xfs.h, byte by byte. */

import type { QuotaChange, QuotaEntry, QuotaGrace, QuotaKind, QuotaLimits, QuotaState } from './door.ts'

/** A field that cannot be, with the errno that the kernel gives for it. */
export type Parsed<T> = T | 'ERANGE' | 'EINVAL'

/** Limits are kept in 63 bits. */
const MOST = (1n << 63n) - 1n
/** Seconds since the epoch that the file system keeps: in the year 2486. */
const MOST_TIME = (1n << 34n) - 1n
/** Of struct if_dqblk. */
const BLOCK = 10n
/** Of struct fs_disk_quota. */
const BASIC_BLOCK = 9n

const QIF = { spaceLimits: 1, space: 2, inodeLimits: 4, inodes: 8, spaceTime: 16, inodesTime: 32, all: 0x3f } as const
const IIF = { space: 1, inodes: 2, flags: 4, all: 7 } as const
const FS_DQ = {
  inodesSoft: 1,
  inodesHard: 2,
  spaceSoft: 4,
  spaceHard: 8,
  spaceTimer: 0x40,
  inodesTimer: 0x80,
  bigTime: 0x8000,
} as const
/** Real-time blocks and warnings, which nothing here has; setting them says nothing. */
const FS_DQ_IGNORED = 0x10 | 0x20 | 0x100 | 0x200 | 0x400 | 0x800
const FS_DQ_KNOWN = 0x00cf | FS_DQ_IGNORED | FS_DQ.bigTime
const XFS_FLAGS: Readonly<Record<QuotaKind, number>> = { user: 1, group: 4 }
const VERSION = 1

export const IF_DQBLK = 72
export const IF_DQINFO = 24
export const FS_DISK_QUOTA = 112
export const FS_QUOTA_STATV = 160
/** What edquota and repquota know: usage and limits of 64 bits. */
const QFMT_VFS_V1 = 4

export function format(): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(QFMT_VFS_V1)
  return bytes
}

/** struct if_dqblk, or with an id struct if_nextdqblk, which is as long. */
export function ifDqblk(entry: QuotaEntry, id?: number): Buffer {
  const { space, inodes } = entry
  const bytes = words(IF_DQBLK, [
    blocksUp(space.hard, BLOCK),
    blocksUp(space.soft, BLOCK),
    space.used,
    inodes.hard,
    inodes.soft,
    inodes.used,
    entry.spaceDeadline,
    entry.inodesDeadline,
  ])
  bytes.writeUInt32LE(QIF.all, 64)
  if (id !== undefined) bytes.writeUInt32LE(id, 68)
  return bytes
}

/** Usage cannot be set: it is counted. */
export function changeInDqblk(bytes: Buffer): Parsed<QuotaChange> {
  const valid = bytes.readUInt32LE(64)
  if (valid & (QIF.space | QIF.inodes)) return 'EINVAL'
  const word = (index: number): bigint => bytes.readBigUInt64LE(8 * index)
  return inRange({
    ...(valid & QIF.spaceLimits ? { space: { hard: word(0) << BLOCK, soft: word(1) << BLOCK } } : {}),
    ...(valid & QIF.inodeLimits ? { inodes: { hard: word(3), soft: word(4) } } : {}),
    ...(valid & QIF.spaceTime ? { spaceDeadline: word(6) } : {}),
    ...(valid & QIF.inodesTime ? { inodesDeadline: word(7) } : {}),
  })
}

/** struct if_dqinfo. */
export function ifDqinfo({ space, inodes }: QuotaGrace): Buffer {
  const bytes = words(IF_DQINFO, [space, inodes])
  bytes.writeUInt32LE(IIF.all, 20)
  return bytes
}

export function graceInDqinfo(bytes: Buffer): Parsed<Partial<QuotaGrace>> {
  const valid = bytes.readUInt32LE(20)
  const [space, inodes] = [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(8)]
  // Flags belong to quota files, which there are none of.
  if (valid & IIF.flags && bytes.readUInt32LE(16) !== 0) return 'EINVAL'
  const grace = { ...(valid & IIF.space ? { space } : {}), ...(valid & IIF.inodes ? { inodes } : {}) }
  return Object.values(grace).some((seconds) => seconds > MOST_GRACE) ? 'ERANGE' : grace
}

const MOST_GRACE = (1n << 31n) - 1n

/** struct fs_disk_quota. */
export function fsDiskQuota(kind: QuotaKind, id: number, entry: QuotaEntry): Buffer {
  const { space, inodes } = entry
  const bytes = Buffer.alloc(FS_DISK_QUOTA)
  bytes.writeInt8(VERSION, 0)
  bytes.writeInt8(XFS_FLAGS[kind], 1)
  bytes.writeUInt32LE(id, 4)
  const blocks = [blocksUp(space.hard, BASIC_BLOCK), blocksUp(space.soft, BASIC_BLOCK)]
  for (const [index, word] of [...blocks, inodes.hard, inodes.soft, blocksUp(space.used, BASIC_BLOCK), inodes.used].entries())
    bytes.writeBigUInt64LE(word, 8 + 8 * index)
  writeTimer(bytes, entry.inodesDeadline, 56, 68)
  writeTimer(bytes, entry.spaceDeadline, 60, 69)
  if ([entry.inodesDeadline, entry.spaceDeadline].some((time) => time >> 31n !== 0n)) bytes.writeUInt16LE(FS_DQ.bigTime, 2)
  return bytes
}

/** Timers of id 0 are the grace times for all. */
export function changeInDiskQuota(bytes: Buffer): Parsed<{ readonly change: QuotaChange; readonly grace: Partial<QuotaGrace> }> {
  // The kernel does not look at the version, and Debian's setquota leaves it 0.
  const mask = bytes.readUInt16LE(2)
  if (mask & ~FS_DQ_KNOWN) return 'EINVAL'
  const word = (index: number): bigint => bytes.readBigUInt64LE(8 + 8 * index)
  const big = (mask & FS_DQ.bigTime) !== 0
  const inodesTimer = mask & FS_DQ.inodesTimer ? readTimer(bytes, 56, 68, big) : null
  const spaceTimer = mask & FS_DQ.spaceTimer ? readTimer(bytes, 60, 69, big) : null
  if ([inodesTimer, spaceTimer].some((time) => time !== null && time < 0n)) return 'ERANGE'
  const change = inRange({
    ...(mask & (FS_DQ.spaceHard | FS_DQ.spaceSoft)
      ? {
          space: {
            ...(mask & FS_DQ.spaceHard ? { hard: word(0) << BASIC_BLOCK } : {}),
            ...(mask & FS_DQ.spaceSoft ? { soft: word(1) << BASIC_BLOCK } : {}),
          },
        }
      : {}),
    ...(mask & (FS_DQ.inodesHard | FS_DQ.inodesSoft)
      ? {
          inodes: {
            ...(mask & FS_DQ.inodesHard ? { hard: word(2) } : {}),
            ...(mask & FS_DQ.inodesSoft ? { soft: word(3) } : {}),
          },
        }
      : {}),
  })
  if (typeof change === 'string') return change
  if (bytes.readUInt32LE(4) === 0) {
    const grace = {
      ...(spaceTimer === null ? {} : { space: spaceTimer }),
      ...(inodesTimer === null ? {} : { inodes: inodesTimer }),
    }
    return Object.values(grace).some((seconds) => seconds > MOST_GRACE) ? 'ERANGE' : { change, grace }
  }
  return {
    change: {
      ...change,
      ...(spaceTimer === null ? {} : { spaceDeadline: spaceTimer }),
      ...(inodesTimer === null ? {} : { inodesDeadline: inodesTimer }),
    },
    grace: {},
  }
}

export interface QuotaStatus {
  readonly state: Readonly<Record<QuotaKind, QuotaState>>
  readonly grace: QuotaGrace
}

/** struct fs_quota_stat: quota "files" have no inode to show. */
export function fsQuotaStat(status: QuotaStatus): Buffer {
  const bytes = Buffer.alloc(80)
  bytes.writeInt8(VERSION, 0)
  bytes.writeUInt16LE(flagsOf(status), 2)
  bytes.writeInt32LE(Number(status.grace.space), 60)
  bytes.writeInt32LE(Number(status.grace.inodes), 64)
  return bytes
}

/** struct fs_quota_statv. */
export function fsQuotaStatv(status: QuotaStatus): Buffer {
  const bytes = Buffer.alloc(FS_QUOTA_STATV)
  bytes.writeInt8(VERSION, 0)
  bytes.writeUInt16LE(flagsOf(status), 2)
  bytes.writeInt32LE(Number(status.grace.space), 80)
  bytes.writeInt32LE(Number(status.grace.inodes), 84)
  return bytes
}

/** The caller says which one it knows. */
export const statvVersionIsKnown = (version: Buffer): boolean => version.readInt8(0) === VERSION

/** What Q_XQUOTAON and Q_XQUOTAOFF are given: kinds whose enforcement it is about; null: accounting too, or what is not there. */
export function kindsIn(flags: number): readonly QuotaKind[] | null {
  const kinds = (Object.keys(ENFORCED) as QuotaKind[]).filter((kind) => flags & ENFORCED[kind])
  return kinds.length > 0 && (flags & ~(ENFORCED.user | ENFORCED.group)) === 0 ? kinds : null
}

const COUNTED: Readonly<Record<QuotaKind, number>> = { user: 1, group: 4 }
const ENFORCED: Readonly<Record<QuotaKind, number>> = { user: 2, group: 8 }

function flagsOf({ state }: QuotaStatus): number {
  return (['user', 'group'] as const)
    .map((kind) => (state[kind] === 'off' ? 0 : COUNTED[kind]) | (state[kind] === 'enforced' ? ENFORCED[kind] : 0))
    .reduce((sum, bits) => sum | bits)
}

function inRange(change: QuotaChange): Parsed<QuotaChange> {
  const limits = [change.space, change.inodes].flatMap((one: Partial<QuotaLimits> | undefined) => [
    one?.soft ?? 0n,
    one?.hard ?? 0n,
  ])
  const times = [change.spaceDeadline ?? 0n, change.inodesDeadline ?? 0n]
  if (times.some((time) => time > MOST_TIME)) return 'ERANGE'
  return limits.some((value) => value > MOST) ? 'ERANGE' : change
}

/** 32 bits and 8 more above them. */
function writeTimer(bytes: Buffer, time: bigint, low: number, high: number): void {
  bytes.writeInt32LE(Number(BigInt.asIntN(32, time)), low)
  bytes.writeInt8(Number(BigInt.asIntN(8, time >> 32n)), high)
}

function readTimer(bytes: Buffer, low: number, high: number, big: boolean): bigint {
  if (!big) return BigInt(bytes.readInt32LE(low))
  return (BigInt(bytes.readInt8(high)) << 32n) | BigInt(bytes.readUInt32LE(low))
}

const blocksUp = (value: bigint, shift: bigint): bigint => (value + (1n << shift) - 1n) >> shift

function words(size: number, values: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(size)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 8 * index)
  return bytes
}
