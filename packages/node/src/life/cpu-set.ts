/** Which CPUs a VPS with a CPU count gets: those that the fewest others were given. */

import { chooseCpus } from '@insula/model'
import type { Means } from '../means.ts'

export function cpuSetFor(means: Means, id: number, wanted: number | null): number[] | null {
  if (wanted === null || wanted >= means.cpus.length) return null
  const load = new Map<number, number>()
  for (const { id: other, cpuSet } of means.inventory.all()) {
    if (other !== id) for (const cpu of cpuSet ?? []) load.set(cpu, (load.get(cpu) ?? 0) + 1)
  }
  return chooseCpus([...means.cpus], wanted, load)
}
