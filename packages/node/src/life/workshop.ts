/**
 * A VPS in which something is made for others: of template layers alone, held up by a waiting init, with ids and limits of its own, without network. Its
 * record says that it is being created for as long as it is there, so whatever is left of one that was cut off is taken back like any creation.
 */

import { FIRST_VOLUME } from '@insula/contract'
import { DEFAULT_LIMITS, mergeLimits } from '@insula/model'
import type { Inside } from '@insula/templates'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { admitAs } from './admission.ts'
import { uncreate } from './create.ts'
import { cpuSetFor } from './cpu-set.ts'
import { diskLimitsOf } from './disk.ts'
import { whileWaiting } from './waiting.ts'

export interface WorkshopWish {
  /** "cannot build stack ..." */
  readonly doing: string
  readonly template: string
  readonly layers: readonly string[]
}

/** Far from those that VPSs get. */
const FIRST_ID = 9_000_000
const GIB = 1024 ** 3
const LIMITS = { memory: 2 * GIB, disk: 20 * GIB, pids: 2_000 }

/** @param make what happens inside @param take what is made of its area then, when nothing runs in it */
export async function inWorkshop<T>(
  means: Means,
  { doing, template, layers }: WorkshopWish,
  signal: AbortSignal,
  make: (inside: Inside) => Promise<void>,
  take: (area: number) => Promise<T>,
): Promise<T> {
  const { inventory, vzfs, tasks } = means
  const id = Math.max(FIRST_ID - 1, ...inventory.ids(), ...means.lostAreas.ids()) + 1
  const limits = mergeLimits(DEFAULT_LIMITS, LIMITS)
  const record = await admitAs(means, doing, { name: `workshop-${id}`, id, addresses: [] }, (admitted) => ({
    ...admitted,
    waits: true,
    hostname: 'workshop',
    volume: FIRST_VOLUME,
    template,
    layers: [...layers],
    init: { kind: 'waiting', path: '/bin/sh', stopSignal: 'SIGKILL' },
    dns: [],
    nat: false,
    limits,
    cpuSet: cpuSetFor(means, admitted.id, limits.cpus),
    apps: [],
    labels: {},
    plan: null,
    quotaUgid: 0,
    onboot: false,
    bootOrder: 0,
    share: 'none',
    updates: 'pinned',
    updatedTo: null,
    relinkDue: false,
    snapshots: null,
    snapshotsSince: null,
  }))
  return tasks.exclusively(id, async () => {
    try {
      await vzfs.create(FIRST_VOLUME, { id, base: record.base, layers, record }, { signal })
      await vzfs.areas.limit(id, diskLimitsOf(limits))
      await whileWaiting(means, record, signal, make)
      return await take(id)
    } finally {
      await uncreate(means, id)
    }
  })
}

/** Not one of the VPSs that people have. */
export const isWorkshop = ({ state, waits }: Pick<VpsRecord, 'state' | 'waits'>): boolean => waits && state === 'creating'
