/**
 * A VPS's network, routed: a veth pair without a shared segment. Inside, every address is a /32 on eth0 and the default route goes over a
 * link-local gateway that needs no address of its own on the node's end.
 *
 * ARP is off on both ends: the neighbour table is one for the whole node, and what a tenant made up would fill it. Without ARP the kernel sends
 * under the MAC of its own end (arp_constructor in net/ipv4/arp.c), so both ends have the same one. Then whatever routes a tenant sets, and
 * whatever it flushes, its packets arrive.
 */

import type { RouteSpec, VethSpec } from '@insula/kernel'
import { macFor } from '@insula/model'

/** The same in every VPS; RFC 3927. It is never used as an address on the node. */
const GATEWAY = '169.254.0.1'
const DEVICE = 'eth0'

export interface Wires {
  /** 16 bits that make MACs of one instance differ from those of others on the same machine. */
  readonly macSeed: number
  readonly linkPrefix: string
  readonly mtu: number
}

export const linkName = (wires: Wires, id: number): string => `${wires.linkPrefix}.${id}`

export function vethOf(wires: Wires, id: number, pid: number): VethSpec {
  return {
    name: linkName(wires, id),
    peer: DEVICE,
    pid,
    mtu: wires.mtu,
    hostMac: macFor(wires.macSeed, id),
    peerMac: macFor(wires.macSeed, id),
  }
}

export function routesOf(wires: Wires, id: number, addresses: readonly string[]): RouteSpec[] {
  return addresses.map((address) => ({
    destination: `${address}/32`,
    device: linkName(wires, id),
    neighbourMac: macFor(wires.macSeed, id),
  }))
}

/** Lines of `ip -batch` inside the VPS, on a fresh network namespace. */
export function innerLines(addresses: readonly string[]): string[] {
  return [
    'link set dev lo up',
    `link set dev ${DEVICE} arp off up`,
    ...addresses.map((address) => `address add ${address}/32 dev ${DEVICE}`),
    ...gatewayLines(addresses),
  ]
}

/** From one set of addresses to another while it runs; what the tenant added besides stays. */
export function changeLines(before: readonly string[], after: readonly string[]): string[] {
  return [
    // Also those that should be there: the tenant may have removed one, and it can be the source of the default route.
    ...after.map((address) => `address replace ${address}/32 dev ${DEVICE}`),
    ...gatewayLines(after),
    // Replaced first: the tenant may have removed it, and to delete what is not there is an error.
    ...before.flatMap((address) =>
      after.includes(address)
        ? []
        : [`address replace ${address}/32 dev ${DEVICE}`, `address delete ${address}/32 dev ${DEVICE}`],
    ),
  ]
}

function gatewayLines(addresses: readonly string[]): string[] {
  const [source] = addresses
  if (source === undefined) return []
  return [`route replace ${GATEWAY} dev ${DEVICE} scope link`, `route replace default via ${GATEWAY} dev ${DEVICE} src ${source}`]
}
