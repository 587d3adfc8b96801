/** Links in memory: one network namespace with veth pairs, their routes and neighbours. */

import { constants } from 'node:os'
import { networkDevice, type NetworkTable, networkTable } from '../machine/network-table.ts'
import { NetworkRefused } from '../netlink/refused.ts'
import { linkName } from '../network/address.ts'
import { LinkMissing } from '../network/network.ts'
import { stepRequest } from '../network/step-requests.ts'
import { type LinkInfo, type Links, type RouteSpec, RouteTaken, type Uplink, type VethSpec } from './links.ts'
import { pairRequest } from './pair.ts'
import { routeSteps } from './route-steps.ts'

export interface FakeLinks extends Links {
  readonly pairs: ReadonlyMap<string, FakePair>
  /** Traffic since the link was made, as list tells it. */
  carry(name: string, rxBytes: number, txBytes: number): void
}

export interface FakePair {
  readonly veth: VethSpec
  /** Destination to the MAC of its permanent neighbour. */
  readonly routes: ReadonlyMap<string, string | null>
  readonly rxBytes: number
  readonly txBytes: number
}

export interface FakeLinkOptions {
  readonly uplink?: Uplink
  /** What else the pretended host is connected to. */
  readonly networks?: readonly { readonly cidr: string; readonly device: string }[]
  /** Where the inner end goes, by the process that the network belongs to: undefined when there is none. In nobody's when absent. */
  readonly networkOf?: (pid: number) => NetworkTable | undefined
}

export function fakeLinks(options: FakeLinkOptions = {}): FakeLinks {
  const pairs = new Map<string, FakePair>()
  const pair = (name: string): FakePair => {
    const found = pairs.get(linkName(name))
    if (!found) throw new LinkMissing(name)
    return found
  }
  const hostRoutes = () => [
    ...(options.networks ?? []),
    ...[...pairs].flatMap(([device, { routes }]) => [...routes.keys()].map((cidr) => ({ cidr, device }))),
  ]
  const setRoutes = (name: string, routes: readonly RouteSpec[]): void => {
    // For what it refuses.
    for (const step of routes.flatMap((route) => routeSteps(route))) stepRequest(step, 0)
    const foreign = routes.find(({ device }) => device !== name)
    if (foreign) throw new LinkMissing(foreign.device)
    for (const { destination } of routes) {
      const holder = hostRoutes().find(({ cidr, device }) => cidr === destination && device !== name)
      if (holder) throw new RouteTaken(destination, holder.device)
    }
    pairs.set(name, { ...pair(name), routes: new Map(routes.map((route) => [route.destination, route.neighbourMac ?? null])) })
  }
  /** Both ends. */
  const remove = (name: string): void => {
    const found = pairs.get(name)
    if (found && pairs.delete(name)) options.networkOf?.(found.veth.pid)?.devices.delete(found.veth.peer)
  }
  return {
    pairs,
    carry: (name, rxBytes, txBytes) => void pairs.set(name, { ...pair(name), rxBytes, txBytes }),
    async attach(veth, routes) {
      const { action } = pairRequest(veth)
      remove(veth.name)
      const network = options.networkOf ? options.networkOf(veth.pid) : networkTable()
      if (!network) throw new NetworkRefused(action, constants.errno.ESRCH)
      network.devices.set(veth.peer, networkDevice())
      pairs.set(veth.name, { veth, routes: new Map(), rxBytes: 0, txBytes: 0 })
      try {
        setRoutes(veth.name, routes)
      } catch (error) {
        remove(veth.name)
        throw error
      }
    },
    setRoutes: async (device, routes) => setRoutes(device, routes),
    remove: async (name) => remove(linkName(name)),
    list: async (prefix) => [...pairs.values()].filter(({ veth }) => veth.name.startsWith(prefix)).map(linkInfo),
    routes: async (device) => [...pair(device).routes.keys()],
    uplink: async () => options.uplink ?? null,
    networks: async () => hostRoutes().filter(({ cidr }) => !cidr.includes(':')),
  }
}

const linkInfo = ({ veth, rxBytes, txBytes }: FakePair): LinkInfo => ({
  name: veth.name,
  mac: veth.hostMac,
  mtu: veth.mtu,
  up: true,
  arp: false,
  rxBytes,
  txBytes,
})
