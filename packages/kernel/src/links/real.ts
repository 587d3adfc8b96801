/** Links through rtnetlink(7), without any process. */

import { existsSync } from 'node:fs'
import { encodeAttributes, u32 } from '../netlink/attributes.ts'
import { openRtnetlink, type Request, type Rtnetlink } from '../netlink/socket.ts'
import { AF_INET, AF_INET6, linkName } from '../network/address.ts'
import { NetworkRefused } from '../netlink/refused.ts'
import { configure, indexIn, indexOf } from '../network/configure.ts'
import { deleteLink, generateNoAddress, getLink, listLinks } from '../network/link-requests.ts'
import { addressIn, type FoundRoute, linkIn, routeIn } from './answers.ts'
import { type LinkInfo, type Links, type RouteSpec, RouteTaken, type Uplink } from './links.ts'
import { pairRequest } from './pair.ts'
import { removalSteps, routeSteps } from './route-steps.ts'

/** @param open makes a socket in the namespace that is configured: that of this thread when absent */
export function realLinks(open: () => Rtnetlink = openRtnetlink): Links {
  const remove = async (socket: Rtnetlink, name: string): Promise<void> => {
    const [answer] = await socket.exchange([deleteLink(name)])
    if (answer?.refusal && answer.refusal.code !== 'ENODEV') throw answer.refusal
  }
  /** Resolves with the index of the end here. */
  const make = async (socket: Rtnetlink, pair: Request, name: string): Promise<number> => {
    const noAddress = existsSync('/proc/sys/net/ipv6') ? [generateNoAddress(name)] : []
    const requests = [pair, ...noAddress, getLink(name)]
    let answers = await socket.exchange(requests)
    if (answers[0]?.refusal?.code === 'EEXIST') {
      // A pair of that name is left from an earlier life.
      await remove(socket, name)
      answers = await socket.exchange(requests)
    }
    const refused = answers.slice(0, -1).find(({ refusal }) => refusal)
    if (refused?.refusal) throw refused.refusal
    return indexIn(name, answers.at(-1))
  }

  return {
    async remove(name) {
      using socket = open()
      await remove(socket, linkName(name))
    },
    async attach(veth, routes) {
      const { name } = veth
      const pair = pairRequest(veth)
      using socket = open()
      try {
        const index = await make(socket, pair, name)
        await configure(
          socket,
          [{ kind: 'up', device: name, arp: false }, ...routes.flatMap((route) => routeSteps(route))],
          new Map([[name, index]]),
        )
      } catch (error) {
        const told = await takenBy(socket, name, routes, error)
        await remove(socket, name)
        throw told
      }
    },
    async setRoutes(device, routes) {
      using socket = open()
      const there = await routesOver(socket, device)
      const wanted = new Set(routes.map(({ destination }) => destination))
      const surplus = there.filter((destination) => !wanted.has(destination))
      const steps = routes.flatMap((route) => routeSteps(route, there.includes(route.destination)))
      try {
        await configure(socket, [...steps, ...surplus.flatMap((each) => removalSteps(each, device))])
      } catch (error) {
        throw await takenBy(socket, device, routes, error)
      }
    },
    async list(prefix) {
      using socket = open()
      const links = (await socket.list(listLinks(true))).map((body) => linkIn(body).link)
      return links.filter(({ name }) => name.startsWith(prefix))
    },
    async routes(device) {
      using socket = open()
      return await routesOver(socket, device)
    },
    async uplink() {
      using socket = open()
      // The kernel tells them in the order of their metrics.
      const routes = (await socket.list(listRoutes(AF_INET))).map(routeIn)
      const route = routes.find(({ isDefault, table }) => isDefault && table === MAIN_TABLE)
      if (!route || route.device === null) return null
      const link = (await linksByIndex(socket)).get(route.device)
      return link ? ({ device: link.name, mtu: link.mtu, gateway: route.gateway } satisfies Uplink) : null
    },
    async networks() {
      using socket = open()
      const links = await linksByIndex(socket)
      const routed = (await socket.list(listRoutes(AF_INET)))
        .map(routeIn)
        .filter(({ isDefault, type }) => !isDefault && type !== RTN_LOCAL && type !== RTN_BROADCAST)
        .map(({ destination, device }) => ({ cidr: destination, device }))
      const own = (await socket.list(LIST_ADDRESSES)).map(addressIn)
      return [...routed, ...own].map(({ cidr, device }) => ({ cidr, device: links.get(device ?? 0)?.name ?? '' }))
    },
  }
}

/** The error, or which route of another link it comes from. */
async function takenBy(socket: Rtnetlink, device: string, wanted: readonly RouteSpec[], error: unknown): Promise<unknown> {
  if (!(error instanceof NetworkRefused) || error.code !== 'EEXIST') return error
  const links = await linksByIndex(socket)
  for (const family of [AF_INET, AF_INET6]) {
    for (const route of (await socket.list(listRoutes(family))).map(routeIn)) {
      const holder = links.get(route.device ?? 0)?.name ?? null
      const taken = wanted.some(({ destination }) => destination === route.destination)
      if (taken && holder !== device && route.table === MAIN_TABLE) return new RouteTaken(route.destination, holder, error)
    }
  }
  return error
}

async function linksByIndex(socket: Rtnetlink): Promise<Map<number, LinkInfo>> {
  const links = (await socket.list(listLinks(false))).map(linkIn)
  return new Map(links.map(({ index, link }) => [index, link]))
}

/** @throws LinkMissing */
async function routesOver(socket: Rtnetlink, device: string): Promise<string[]> {
  const index = await indexOf(socket, device)
  const routes: FoundRoute[] = []
  for (const family of [AF_INET, AF_INET6]) {
    const found = (await socket.list(listRoutes(family, index))).map(routeIn)
    // A kernel without IPv6 tells routes of all families then.
    routes.push(...found.filter((route) => route.family === family && route.table === MAIN_TABLE))
  }
  return routes.map(({ destination }) => destination).filter((cidr) => !cidr.startsWith('fe80') && !cidr.startsWith('ff00'))
}

const MAIN_TABLE = 254
const RTN_LOCAL = 2
const RTN_BROADCAST = 3
const RTA_DEVICE = 4

/** Of all tables. @param device index of the link that they shall go over */
const listRoutes = (family: number, device?: number): Request => ({
  action: 'list the routes',
  type: 26,
  // struct rtmsg
  body: Buffer.concat([
    Buffer.of(family, ...Buffer.alloc(11)),
    device === undefined ? Buffer.of() : encodeAttributes([RTA_DEVICE, u32(device)]),
  ]),
})

const LIST_ADDRESSES: Request = {
  action: 'list the addresses',
  type: 22,
  // struct ifaddrmsg
  body: Buffer.of(AF_INET, ...Buffer.alloc(7)),
}
