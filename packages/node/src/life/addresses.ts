/** Which addresses a VPS gets: the ones asked for, if nobody else has them, or the next free ones of the pool. */

import { networkInterfaces } from 'node:os'
import { allocate, checkAddress, formatIpv4, parseCidr, parseIpv4 } from '@insula/model'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'

/**
 * Synchronous, so that of two requests at once the second sees what the first has taken.
 * @param routed what the node routes to others, as `routedElsewhere` found it
 * @param wishes IPv4 addresses or "auto" @param keep addresses that this VPS has already: "auto" keeps one of them @throws ApiFailure
 */
export function assignAddresses(
  means: Means,
  doing: string,
  id: number,
  routed: ReadonlyMap<number, string>,
  wishes: readonly string[],
  keep: readonly string[] = [],
): string[] {
  const { inventory, config } = means
  const pool = config.addressPool === undefined ? null : parseCidr(config.addressPool)
  const nodeNetworks = networksOfTheNode(means.wires.linkPrefix)
  const used = new Map<number, string>()
  for (const [address, holder] of inventory.addresses()) {
    if (holder !== id) used.set(parseIpv4(address) ?? -1, inventory.get(holder)?.name ?? `${holder}`)
  }
  for (const [stray, held] of means.strays.all()) for (const address of held) used.set(parseIpv4(address) ?? -1, `${stray}`)
  const needed = new Map([
    ...means.resolvers.map((address) => [parseIpv4(address) ?? -1, 'a DNS server'] as const),
    ...(means.gateway === null ? [] : [[parseIpv4(means.gateway) ?? -1, 'its gateway'] as const]),
  ])
  const chosen: string[] = []
  for (const wish of wishes.filter((candidate) => candidate !== 'auto')) {
    if (chosen.includes(wish))
      throw failure('invalid_request', `${doing}: the address ${wish} is given twice`, 'name each address once')
    const refused = checkAddress(wish, { pool, used, nodeNetworks, routed, needed })
    if (refused) throw failure(refused.code, `${doing}: ${refused.message}`, refused.remedy)
    chosen.push(wish)
  }
  const wanted = wishes.filter((wish) => wish === 'auto').length
  const isFree = (address: string): boolean => !chosen.includes(address) && !routed.has(parseIpv4(address) ?? -1)
  const kept = keep.filter(isFree).slice(0, wanted)
  const missing = wanted - kept.length
  if (missing === 0) return [...chosen, ...kept]
  const remedy = `name addresses with --ip, or set a larger addressPool in ${means.instance.configFile}`
  if (!pool) throw failure('exhausted', `${doing}: this node has no address pool`, remedy)
  const own = nodeNetworks.map(({ cidr }) => cidr.split('/')[0] ?? '')
  const taken = new Set([
    ...used.keys(),
    ...needed.keys(),
    ...routed.keys(),
    ...[...own, ...chosen, ...kept].map((address) => parseIpv4(address) ?? -1),
  ])
  const free = allocate(pool, taken, missing)
  if (free === null) {
    const count = missing === 1 ? 'no free address' : `no ${missing} free addresses`
    throw failure('exhausted', `${doing}: the address pool ${config.addressPool} has ${count} left`, remedy)
  }
  return [...chosen, ...kept, ...free.map(formatIpv4)]
}

/** Host routes of the node that lead to none of this instance's VPSs: another instance's, or somebody's by hand. */
export async function routedElsewhere({ links, wires }: Pick<Means, 'links' | 'wires'>): Promise<ReadonlyMap<number, string>> {
  const others = (await links.networks()).filter(
    ({ cidr, device }) => cidr.endsWith('/32') && !device.startsWith(`${wires.linkPrefix}.`),
  )
  return new Map(others.map(({ cidr, device }) => [parseIpv4(cidr.slice(0, -'/32'.length)) ?? -1, device]))
}

function networksOfTheNode(linkPrefix: string): { cidr: string; device: string }[] {
  return Object.entries(networkInterfaces())
    .filter(([device]) => !device.startsWith(`${linkPrefix}.`))
    .flatMap(([device, entries = []]) =>
      entries.flatMap(({ cidr, family }) => (cidr !== null && family === 'IPv4' ? [{ cidr, device }] : [])),
    )
}
