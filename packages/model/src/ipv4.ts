/** IPv4 addresses as unsigned 32-bit numbers, in their one plain form as text, and blocks of them. */

/** 2^(32 - prefix) addresses from base on. */
export interface Cidr {
  readonly base: number
  readonly prefix: number
}

/** Four decimal numbers without leading zeros, which some software reads as octal; null if `text` is anything else. */
export function parseIpv4(text: string): number | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  let value = 0
  for (const part of parts) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null
    value = value * 256 + Number(part)
  }
  return value
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

/** "10.77.0.0/16"; null if it is none, or if the address has bits beyond the prefix (10.77.0.1/16 is a mistake, not a block). */
export function parseCidr(text: string): Cidr | null {
  const placed = parsePlaced(text)
  return placed !== null && placed.address === placed.block.base ? placed.block : null
}

/** "10.77.0.1/16" as an interface shows it: the address, and the block around it. */
export function parsePlaced(text: string): { readonly address: number; readonly block: Cidr } | null {
  const [before, after, ...rest] = text.split('/')
  if (before === undefined || after === undefined || rest.length > 0) return null
  const address = parseIpv4(before)
  if (address === null || !/^(?:0|[1-9][0-9]?)$/.test(after) || Number(after) > 32) return null
  const prefix = Number(after)
  return { address, block: { base: address - (address % 2 ** (32 - prefix)), prefix } }
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIpv4(cidr.base)}/${cidr.prefix}`
}

/** The highest address of the block. */
export function lastOf(cidr: Cidr): number {
  return cidr.base + 2 ** (32 - cidr.prefix) - 1
}

export function contains(cidr: Cidr, address: number): boolean {
  return address >= cidr.base && address <= lastOf(cidr)
}

/** Blocks either nest or are apart. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.base <= lastOf(b) && b.base <= lastOf(a)
}
