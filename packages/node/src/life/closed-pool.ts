/** Which network the packet filter may close towards the world: the pool, unless the node has neighbours in it. */

import { overlaps, parseCidr, parsePlaced } from '@insula/model'
import type { Config } from '../config.ts'
import type { FirewallContext } from './firewall.ts'

/** @param device where the default route leads @param networks of the node, by device */
export function closedPool(
  { addressPool, uplink }: Pick<Config, 'addressPool' | 'uplink'>,
  device: string | null,
  networks: readonly { readonly cidr: string; readonly device: string }[],
): FirewallContext['pool'] {
  const pool = addressPool === undefined ? null : parseCidr(addressPool)
  const way = uplink ?? device
  if (addressPool === undefined || pool === null || way === null) return null
  const near = networks.some(({ cidr, device: at }) => {
    const block = at === way ? (parsePlaced(cidr)?.block ?? null) : null
    return block !== null && block.prefix > 0 && overlaps(pool, block)
  })
  return near ? null : { cidr: addressPool, uplink: way }
}
