/** Ids of VPSs, and the host user and group ids that each one owns. */

/** Lower ids were kept for the node itself by OpenVZ; scripts still assume so. */
export const VPS_ID_FIRST = 101

/** Host ids per VPS: what a distribution expects, 0..65534 and nobody's 65534 included. */
export const ID_RANGE_SIZE = 65_536

/** The lowest free id. */
export function nextVpsId(used: Pick<ReadonlySet<number>, 'has'>): number {
  let id = VPS_ID_FIRST
  while (used.has(id)) id += 1
  return id
}

/**
 * The lowest base, a multiple of ID_RANGE_SIZE and not below `start`, whose range meets none of the ranges that begin at `usedBases`
 * (these need not be aligned: an older configuration may have made them). null when the `count` slots from `start` on are taken.
 * The host's own ids (the first range) and 2^32 - 1, which means "no id" to the kernel, are never part of a range.
 */
export function nextIdRange(start: number, count: number, usedBases: Iterable<number>): number | null {
  const taken = new Set<number>()
  for (const base of usedBases) {
    taken.add(Math.floor(base / ID_RANGE_SIZE))
    taken.add(Math.ceil(base / ID_RANGE_SIZE))
  }
  const first = Math.ceil(start / ID_RANGE_SIZE)
  for (let slot = Math.max(1, first); slot < Math.min(first + count, LAST_SLOT); slot += 1) {
    if (!taken.has(slot)) return slot * ID_RANGE_SIZE
  }
  return null
}

/** The slot that would hold 2^32 - 1. */
const LAST_SLOT = 2 ** 32 / ID_RANGE_SIZE - 1
