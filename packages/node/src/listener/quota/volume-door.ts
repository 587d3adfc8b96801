/** QuotaDoor of a VPS over the quota that its volume keeps for its users and groups. */

import { constants } from 'node:os'
import { type GraceEnds, type QuotaAccount, type QuotaGrace, type QuotaLimits, SystemCallFailed } from '@insula/kernel'
import { type IdQuota, VzfsError } from '@insula/vzfs'
import { ROOT_DEVICE } from '../../keeper/launch.ts'
import type { QuotaChange, QuotaDoor, QuotaEntry } from './door.ts'

/** Null: the VPS has no quota for its users and groups. */
export function volumeDoor(quota: IdQuota, base: number): QuotaDoor | null {
  if (quota.accounted() === 0) return null
  const shown = (account: QuotaAccount) => ({ id: base + account.id, entry: entryOf(account) })
  return {
    device: ROOT_DEVICE,
    get: (kind, id) => (quota.state(kind) === 'off' ? null : shown(quota.account(kind, id - base)).entry),
    set: (kind, id, change) =>
      refusing(`set quota of ${kind} ${id}`, () => quota.limit(kind, id - base, limitsIn(change), endsIn(change))),
    next(kind, id) {
      const found = quota.next(kind, id - base)
      return found && shown(found)
    },
    grace: (kind) => {
      // Both kinds are asked for, also where the volume has but one.
      const { bytes, inodes } = quota.state(kind) === 'off' ? NO_GRACE : quota.grace(kind)
      return { space: BigInt(bytes), inodes: BigInt(inodes) }
    },
    setGrace: (kind, { space, inodes }) =>
      quota.setGrace(kind, {
        ...(space === undefined ? {} : { bytes: Number(space) }),
        ...(inodes === undefined ? {} : { inodes: Number(inodes) }),
      }),
    state: (kind) => quota.state(kind),
    enforce: (kind, on) => {
      if (quota.state(kind) !== 'off') quota.enforce(kind, on)
    },
    // What counts is in the file system's journal.
    sync: () => undefined,
  }
}

const NO_GRACE: QuotaGrace = { bytes: 0, inodes: 0 }

function entryOf({ limits, bytes, inodes, bytesGraceEnds, inodesGraceEnds }: QuotaAccount): QuotaEntry {
  return {
    space: { soft: bigOf(limits.bytesSoft), hard: bigOf(limits.bytesHard), used: BigInt(bytes) },
    inodes: { soft: bigOf(limits.inodesSoft), hard: bigOf(limits.inodesHard), used: BigInt(inodes) },
    spaceDeadline: bigOf(bytesGraceEnds),
    inodesDeadline: bigOf(inodesGraceEnds),
  }
}

function limitsIn({ space, inodes }: QuotaChange): Partial<QuotaLimits> {
  return {
    ...(space?.soft === undefined ? {} : { bytesSoft: limitOf(space.soft) }),
    ...(space?.hard === undefined ? {} : { bytesHard: limitOf(space.hard) }),
    ...(inodes?.soft === undefined ? {} : { inodesSoft: limitOf(inodes.soft) }),
    ...(inodes?.hard === undefined ? {} : { inodesHard: limitOf(inodes.hard) }),
  }
}

function endsIn({ spaceDeadline, inodesDeadline }: QuotaChange): Partial<GraceEnds> {
  return {
    ...(spaceDeadline === undefined ? {} : { bytes: Number(spaceDeadline) }),
    ...(inodesDeadline === undefined ? {} : { inodes: Number(inodesDeadline) }),
  }
}

/** More than anybody has is no limit: beyond 2^53 numbers are not exact any more. */
const MOST = 1n << 53n
const limitOf = (value: bigint): number | null => (value === 0n || value >= MOST ? null : Number(value))
const bigOf = (value: number | null): bigint => BigInt(value ?? 0)

/** EDQUOT: as many have limits as may. EINVAL: a soft limit above the hard one. */
const REFUSALS: Readonly<Partial<Record<VzfsError['code'], 'EDQUOT' | 'EINVAL'>>> = {
  too_many_limited: 'EDQUOT',
  limit_contradicts: 'EINVAL',
}

function refusing(what: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    const code = error instanceof VzfsError ? REFUSALS[error.code] : undefined
    if (code === undefined) throw error
    throw new SystemCallFailed(what, constants.errno[code])
  }
}
