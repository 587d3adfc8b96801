/** Links in memory: one network namespace with veth pairs, their routes and neighbours. */

import { ProcessFailed } from '../process/runner.ts'
import { attachLines, linkName, routeLines } from './lines.ts'
import { type LinkInfo, LinkMissing, type Links, type RouteSpec, RouteTaken, type Uplink, type VethSpec } from './links.ts'

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
  /** Whether the process whose namespace shall get the inner end is there; yes when absent. */
  readonly alive?: (pid: number) => boolean
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
    for (const route of routes) routeLines(route)
    const foreign = routes.find(({ device }) => device !== name)
    if (foreign) throw new ProcessFailed(['ip', '-batch', '-'], 1, null, `Cannot find device "${foreign.device}"`)
    for (const { destination } of routes) {
      const holder = hostRoutes().find(({ cidr, device }) => cidr === destination && device !== name)
      if (holder) throw new RouteTaken(destination, holder.device)
    }
    pairs.set(name, { ...pair(name), routes: new Map(routes.map((route) => [route.destination, route.neighbourMac ?? null])) })
  }
  return {
    pairs,
    carry: (name, rxBytes, txBytes) => void pairs.set(name, { ...pair(name), rxBytes, txBytes }),
    async attach(veth, routes) {
      attachLines(veth, routes, true)
      pairs.delete(veth.name)
      if (options.alive?.(veth.pid) === false) {
        throw new ProcessFailed(['ip', '-batch', '-'], 1, null, 'RTNETLINK answers: No such process')
      }
      pairs.set(veth.name, { veth, routes: new Map(), rxBytes: 0, txBytes: 0 })
      try {
        setRoutes(veth.name, routes)
      } catch (error) {
        pairs.delete(veth.name)
        throw error
      }
    },
    setRoutes: async (device, routes) => setRoutes(device, routes),
    remove: async (name) => void pairs.delete(linkName(name)),
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
  rxBytes,
  txBytes,
})
