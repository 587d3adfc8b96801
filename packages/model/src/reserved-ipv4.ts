/** Addresses that no VPS can have anywhere (IANA special-purpose registry, RFC 6890). Private ranges are welcome. */

import { type Cidr, contains } from './ipv4.ts'

export interface ReservedRange {
  readonly block: Cidr
  readonly purpose: string
}

/** No two overlap. */
export const RESERVED_RANGES: readonly ReservedRange[] = [
  { block: { base: 0, prefix: 8 }, purpose: '"this network"' },
  { block: { base: 0x7f00_0000, prefix: 8 }, purpose: 'loopback' },
  // The gateway inside every VPS is one of these.
  { block: { base: 0xa9fe_0000, prefix: 16 }, purpose: 'link-local' },
  { block: { base: 0xe000_0000, prefix: 4 }, purpose: 'multicast' },
  // Its last address is the limited broadcast.
  { block: { base: 0xf000_0000, prefix: 4 }, purpose: 'reserved' },
]

/** The range that `address` lies in; null: it can be given. */
export function reservedRange(address: number): ReservedRange | null {
  return RESERVED_RANGES.find(({ block }) => contains(block, address)) ?? null
}
