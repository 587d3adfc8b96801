/**
 * A VPS's network, routed: a veth pair without a shared segment. Inside, every address is a /32 on eth0 and the default route goes over a
 * link-local gateway that needs no address of its own on the node's end.
 *
 * ARP is off on both ends: the neighbour table is one for the whole node, and what a tenant made up would fill it. Without ARP the kernel sends
 * under the MAC of its own end (arp_constructor in net/ipv4/arp.c), so both ends have the same one. Then whatever routes a tenant sets, and
 * whatever it flushes, its packets arrive.
 */

import type { NetworkStep, RouteSpec, VethSpec } from '@insula/kernel'
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

/** What shall hold inside the VPS, on a fresh network namespace. */
export function innerSteps(addresses: readonly string[]): NetworkStep[] {
  const link: NetworkStep[] = addresses.length === 0 ? [] : [{ kind: 'up', device: DEVICE, arp: false }]
  return [{ kind: 'up', device: 'lo' }, ...link, ...addressSteps(addresses)]
}

/** From one set of addresses to another while it runs; what the tenant added besides stays. */
export function changeSteps(before: readonly string[], after: readonly string[]): NetworkStep[] {
  return [
    // Also those that should be there: the tenant may have removed one, and it can be the source of the default route.
    ...addressSteps(after),
    ...before.filter((address) => !after.includes(address)).map((address) => addressStep(address, { absent: true })),
  ]
}

function addressSteps(addresses: readonly string[]): NetworkStep[] {
  const [source] = addresses
  if (source === undefined) return []
  return [
    ...addresses.map((address) => addressStep(address)),
    { kind: 'route', destination: `${GATEWAY}/32`, device: DEVICE },
    { kind: 'route', destination: '0.0.0.0/0', device: DEVICE, gateway: GATEWAY, source },
  ]
}

const addressStep = (address: string, how: { readonly absent?: true } = {}): NetworkStep => ({
  kind: 'address',
  cidr: `${address}/32`,
  device: DEVICE,
  ...how,
})
