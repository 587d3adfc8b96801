/** Which network the addresses of VPSs come from. */

import { type Cidr, overlaps, parseCidr, parsePlaced } from '@insula/model'
import { SetupFailed } from './work.ts'

export interface TakenNetwork {
  readonly cidr: string
  /** "eth0", or who else has it. */
  readonly holder: string
}

/** Private networks (RFC 1918) that few machines use, the likeliest to be free first. */
export const CANDIDATES: readonly string[] = [
  ...Array.from({ length: 50 }, (_, at) => `10.${77 + at}.0.0/16`),
  ...Array.from({ length: 8 }, (_, at) => `172.${24 + at}.0.0/16`),
  '192.168.224.0/20',
]

export function chooseAddressPool(taken: readonly TakenNetwork[]): string {
  const found = CANDIDATES.find((candidate) => overlapping(candidate, taken) === null)
  if (found !== undefined) return found
  throw new SetupFailed('no private network is free on this machine', 'name one with --address-pool CIDR')
}

/** @throws when the administrator's choice collides */
export function checkAddressPool(pool: string, taken: readonly TakenNetwork[]): void {
  const other = overlapping(pool, taken)
  if (other === null) return
  throw new SetupFailed(
    `the address pool ${pool} overlaps ${other.cidr} (${other.holder})`,
    'choose another --address-pool, or leave it away',
  )
}

function overlapping(pool: string, taken: readonly TakenNetwork[]): TakenNetwork | null {
  const block = parseCidr(pool)
  if (block === null) throw new SetupFailed(`${pool} is not a network`, 'write a network such as 10.77.0.0/16')
  return taken.find(({ cidr }) => meets(block, parsePlaced(cidr)?.block ?? null)) ?? null
}

/** A default route takes nothing. */
function meets(pool: Cidr, other: Cidr | null): boolean {
  return other !== null && other.prefix > 0 && overlaps(pool, other)
}
