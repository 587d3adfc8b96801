/** A VPS whose limits are too small for what it starts with: the kernel kills its init, or refuses it a process. */

import { formatSize } from '@insula/contract'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { cgroupOf } from './parts.ts'

export interface Shortage {
  /** "its memory limit of 1M is too small: ..." */
  readonly reason: string
  readonly remedy: string
}

/** What a small system starts with. */
const SOME_MEMORY = 64 * 1024 ** 2
const SOME_PIDS = 100

/** Asked before its cgroup goes. Null when none of its limits was met. */
export async function shortageOf(means: Means, { id, name, limits }: VpsRecord): Promise<Shortage | null> {
  const met = await means.cgroups.limitsMet(cgroupOf(means, id)).catch(() => new Set())
  const remedy = (option: string): string =>
    `give it more: insula set ${name} ${option}, then insula start ${name}; the VPS is there, and stopped`
  if (limits.memory !== null && met.has('memory')) {
    const more = Math.max(SOME_MEMORY, 2 * limits.memory)
    const reason = `its memory limit of ${formatSize(limits.memory)} is too small: the kernel killed a process of it`
    return { reason, remedy: remedy(`--memory ${formatSize(more)}`) }
  }
  if (limits.pids !== null && met.has('pids')) {
    const count = limits.pids === 1 ? 'one process' : `${limits.pids} processes`
    const reason = `its limit of ${count} is too small: it was refused another`
    return { reason, remedy: remedy(`--pids ${Math.max(SOME_PIDS, 2 * limits.pids)}`) }
  }
  return null
}
