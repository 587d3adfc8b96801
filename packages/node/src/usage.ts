/** What running VPSs use, sampled now and then so that a list of hundreds costs nothing. */

import type { Vps } from '@insula/contract'
import { cgroupOf } from './life/parts.ts'
import type { Means } from './means.ts'

type Usage = NonNullable<Vps['usage']>

export interface UsageBoard extends Disposable {
  /** Of the last sample; null before the first. */
  of(id: number): Usage | null
  /** Samples one VPS now. */
  fresh(id: number): Promise<Usage | null>
}

const EVERY_MS = 10_000
/** VPSs sampled without letting others have their turn. */
const AT_ONCE = 20

export function openUsageBoard(means: Means): UsageBoard {
  const board = new Map<number, Usage>()
  const sample = async (id: number): Promise<Usage | null> => {
    const path = cgroupOf(means, id)
    if (!(await means.cgroups.exists(path))) return null
    const { memory, memoryReclaimable, swap, pids, cpuMicroseconds } = await means.cgroups.usage(path)
    return { memory: Math.max(0, memory - memoryReclaimable), swap, pids, cpuMicroseconds }
  }
  const fresh = async (id: number): Promise<Usage | null> => {
    const usage = await sample(id).catch(() => null)
    if (usage) board.set(id, usage)
    else board.delete(id)
    return usage
  }
  const round = async (): Promise<void> => {
    const running = means.inventory.all().filter(({ state }) => state === 'running' || state === 'suspended')
    for (const [index, { id }] of running.entries()) {
      await fresh(id)
      if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve))
    }
    const ids = new Set(running.map(({ id }) => id))
    for (const id of board.keys()) if (!ids.has(id)) board.delete(id)
  }
  const timer = setInterval(() => void round(), EVERY_MS)
  return { of: (id) => board.get(id) ?? null, fresh, [Symbol.dispose]: () => clearInterval(timer) }
}
