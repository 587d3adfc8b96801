/** QuotaDoor of a VPS whose users own what they are said to. */

import { constants } from 'node:os'
import { SystemCallFailed } from '@insula/kernel'
import type { QuotaDoor, QuotaEntry, QuotaGrace, QuotaKind, QuotaState } from './door.ts'

export interface FakeQuotaDoor extends QuotaDoor {
  /** By kind and host id. */
  readonly entries: Readonly<Record<QuotaKind, Map<number, QuotaEntry>>>
  readonly states: Record<QuotaKind, QuotaState>
  readonly graces: Record<QuotaKind, QuotaGrace>
  /** Errno of the next refusal. */
  refuse: keyof typeof constants.errno | null
  syncs: number
}

export const NOTHING: QuotaEntry = {
  space: { soft: 0n, hard: 0n, used: 0n },
  inodes: { soft: 0n, hard: 0n, used: 0n },
  spaceDeadline: 0n,
  inodesDeadline: 0n,
}

const WEEK = 604_800n

export function fakeQuotaDoor(device = '/dev/root'): FakeQuotaDoor {
  const entries = { user: new Map<number, QuotaEntry>(), group: new Map<number, QuotaEntry>() }
  const door: FakeQuotaDoor = {
    device,
    entries,
    states: { user: 'enforced', group: 'enforced' },
    graces: { user: { space: WEEK, inodes: WEEK }, group: { space: WEEK, inodes: WEEK } },
    refuse: null,
    syncs: 0,
    get: (kind, id) => (door.states[kind] === 'off' ? null : (entries[kind].get(id) ?? NOTHING)),
    set(kind, id, change) {
      if (door.refuse) throw new SystemCallFailed(`set quota of ${kind} ${id}`, constants.errno[door.refuse])
      const before = entries[kind].get(id) ?? NOTHING
      entries[kind].set(id, {
        space: { ...before.space, ...change.space },
        inodes: { ...before.inodes, ...change.inodes },
        spaceDeadline: change.spaceDeadline ?? before.spaceDeadline,
        inodesDeadline: change.inodesDeadline ?? before.inodesDeadline,
      })
    },
    next(kind, id) {
      const next = [...entries[kind].keys()].filter((each) => each >= id).toSorted((a, b) => a - b)[0]
      return next === undefined ? null : { id: next, entry: entries[kind].get(next) ?? NOTHING }
    },
    grace: (kind) => door.graces[kind],
    setGrace: (kind, change) => void (door.graces[kind] = { ...door.graces[kind], ...change }),
    state: (kind) => door.states[kind],
    enforce: (kind, on) => void (door.states[kind] = on ? 'enforced' : 'counted'),
    sync: () => void (door.syncs += 1),
  }
  return door
}
