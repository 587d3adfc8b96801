/** What VPSs use, sampled now and then so that a list of hundreds costs nothing. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Vps } from '@insula/contract'
import type { AreaUsage } from '@insula/vzfs'
import { cgroupOf } from './life/parts.ts'
import type { Means } from './means.ts'

type Usage = NonNullable<Vps['usage']>

export interface UsageBoard extends Disposable {
  /** Of the last sample; null before the first of the life that it leads now. */
  of(id: number): Usage | null
  /** Samples one VPS now. */
  fresh(id: number): Promise<Usage | null>
  /** Samples these now. */
  look(ids: readonly number[]): Promise<void>
  /** What its private area takes; null until it was first counted. */
  disk(id: number): AreaUsage | null
  freshDisk(id: number): Promise<AreaUsage | null>
}

const EVERY_MS = 10_000
/** VPSs sampled without letting others have their turn. */
const AT_ONCE = 20
/** Between two VPSs whose files have to be counted. */
const PAUSE_MS = 1_000

export function openUsageBoard(means: Means): UsageBoard {
  const over = new AbortController()
  // With the beginning of the life that they are of: how another one ended says nothing about this one.
  const board = new Map<number, { readonly life: string; readonly usage: Usage }>()
  const disks = new Map<number, AreaUsage>()
  const sample = async (id: number): Promise<Usage | null> => {
    const path = cgroupOf(means, id)
    if (!(await means.cgroups.exists(path))) return null
    const { memory, memoryReclaimable, swap, pids, cpuMicroseconds } = await means.cgroups.usage(path)
    return { memory: Math.max(0, memory - memoryReclaimable), swap, pids, cpuMicroseconds }
  }
  const fresh = async (id: number): Promise<Usage | null> => {
    const life = means.inventory.get(id)?.startedAt ?? null
    const usage = life === null ? null : await sample(id).catch(() => null)
    if (life !== null && usage) board.set(id, { life, usage })
    else board.delete(id)
    return usage
  }
  const freshDisk = async (id: number): Promise<AreaUsage | null> => {
    const found = await means.vzfs.areas.usage(id).catch(() => null)
    if (found) disks.set(id, found)
    else disks.delete(id)
    return found
  }
  /** All of them where the kernel keeps accounts; else one after the other, for to count files is work. */
  const diskRound = async (): Promise<void> => {
    const ids = means.inventory.ids()
    for (const id of disks.keys()) if (!ids.has(id)) disks.delete(id)
    for (const id of ids) {
      const found = await freshDisk(id)
      if (found?.enforced === false) await sleep(PAUSE_MS, undefined, { ref: false, signal: over.signal }).catch(() => undefined)
      if (over.signal.aborted) return
    }
  }
  const look = async (ids: readonly number[]): Promise<void> => {
    for (const [index, id] of ids.entries()) {
      await fresh(id)
      if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const round = async (): Promise<void> => {
    const running = means.inventory.all().filter(({ state }) => state === 'running' || state === 'suspended')
    const ids = new Set(running.map(({ id }) => id))
    await look([...ids])
    for (const id of board.keys()) if (!ids.has(id)) board.delete(id)
  }
  let counting = false
  const timer = setInterval(() => {
    void round()
    if (counting) return
    counting = true
    void diskRound().finally(() => (counting = false))
  }, EVERY_MS)
  return {
    of(id) {
      const found = board.get(id)
      return found && found.life === means.inventory.get(id)?.startedAt ? found.usage : null
    },
    fresh,
    look,
    disk: (id) => disks.get(id) ?? null,
    freshDisk,
    [Symbol.dispose]() {
      clearInterval(timer)
      over.abort()
    },
  }
}
