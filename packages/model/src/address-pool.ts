/**
 * Addresses that "auto" hands out. A pool's network and broadcast address are never given, for other routers may treat them as such;
 * its first host is, for the gateway inside a VPS is link-local and takes none. A pool of one or two addresses (/32, /31) has
 * neither, RFC 3021.
 */

import { type Cidr, lastOf } from './ipv4.ts'
import { RESERVED_RANGES, reservedRange } from './reserved-ipv4.ts'

/** The `count` lowest free addresses, ascending; null when the pool has not that many. */
export function allocate(pool: Cidr, used: Pick<ReadonlySet<number>, 'has'>, count: number): number[] | null {
  const found: number[] = []
  const { first, last } = usable(pool)
  let address = first
  while (found.length < count && address <= last) {
    const reserved = reservedRange(address)
    if (reserved !== null) {
      address = lastOf(reserved.block)
    } else if (!used.has(address)) {
      found.push(address)
    }
    address += 1
  }
  return found.length === count ? found : null
}

/** How many addresses `allocate` could still give. `used` may hold addresses from elsewhere. */
export function countFree(pool: Cidr, used: Iterable<number>): number {
  const { first, last } = usable(pool)
  const reserved = RESERVED_RANGES.map(({ block }) => Math.min(last, lastOf(block)) - Math.max(first, block.base) + 1)
  const taken = new Set([...used].filter((address) => address >= first && address <= last && reservedRange(address) === null))
  return reserved.reduce((free, overlap) => free - Math.max(0, overlap), last - first + 1) - taken.size
}

/** The pool's own network or broadcast address, or that of any other block. */
export function isEdge(block: Cidr, address: number): boolean {
  return block.prefix < 31 && (address === block.base || address === lastOf(block))
}

function usable(pool: Cidr): { readonly first: number; readonly last: number } {
  const edge = pool.prefix < 31 ? 1 : 0
  return { first: pool.base + edge, last: lastOf(pool) - edge }
}
