/** Which CPUs a VPS with a CPU count runs on. The kernel knows no count, only a set: the node spreads the sets. */

/**
 * `wanted` CPUs of `online`, ascending; all of `online` when it has fewer; null when no count is wanted: all, also those to come.
 * `load` counts the other VPSs bound to a CPU. Least loaded first, the lowest number breaks ties. What of `current` is still online
 * is kept as far as it goes, so that processes do not move away from their caches for nothing.
 */
export function chooseCpus(
  online: readonly number[],
  wanted: number | null,
  load: ReadonlyMap<number, number>,
  current: readonly number[] = [],
): number[] | null {
  if (wanted === null) return null
  const held = new Set(current)
  const moved = (cpu: number): number => (held.has(cpu) ? 0 : 1)
  const loaded = (cpu: number): number => load.get(cpu) ?? 0
  return [...new Set(online)]
    .toSorted((a, b) => moved(a) - moved(b) || loaded(a) - loaded(b) || a - b)
    .slice(0, wanted)
    .toSorted((a, b) => a - b)
}
