/** Links through ip(8): one `ip -batch` process for each change, `ip -json` for every question. */

import { ProcessFailed, type ProcessRunner } from '../process/runner.ts'
import type { LinkInfo, Links, RouteSpec, Uplink, VethSpec } from './links.ts'

export function realLinks(runner: ProcessRunner): Links {
  const batch = (lines: readonly string[]): Promise<unknown> =>
    runner.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
  /** For lines of which some may have nothing to do. */
  const force = (lines: readonly string[]): Promise<unknown> =>
    runner.run(['ip', '-force', '-batch', '-'], { input: `${lines.join('\n')}\n`, accept: [0, 1] })
  const ask = async <T>(...args: string[]): Promise<T> => {
    const { stdout } = await runner.run(['ip', '-json', ...args])
    return JSON.parse(stdout || '[]') as T
  }
  const remove = async (name: string): Promise<void> => {
    try {
      await runner.run(['ip', 'link', 'delete', name])
    } catch (error) {
      if (!(error instanceof ProcessFailed) || !/cannot find device/i.test(error.stderr)) throw error
    }
  }
  const routesOf = async (device: string): Promise<string[]> => {
    const answers = await Promise.all([
      ask<IpRoute[]>('-4', 'route', 'show', 'dev', device),
      ask<IpRoute[]>('-6', 'route', 'show', 'dev', device),
    ])
    return answers
      .flat()
      .map(({ dst }) => (dst.includes('/') ? dst : `${dst}/${dst.includes(':') ? 128 : 32}`))
      .filter((cidr) => !cidr.startsWith('fe80') && !cidr.startsWith('ff00'))
  }

  return {
    remove,
    routes: routesOf,
    async attach(veth, routes) {
      const lines = attachLines(veth, routes)
      try {
        await batch(lines)
      } catch (error) {
        if (!(error instanceof ProcessFailed) || !/file exists/i.test(error.stderr)) throw error
        // A pair of that name is left from an earlier life.
        await remove(veth.name)
        await batch(lines)
      }
    },
    async setRoutes(device, routes) {
      const there = await routesOf(device)
      const wanted = new Set(routes.map(({ destination }) => destination))
      const surplus = there.filter((destination) => !wanted.has(destination))
      const gone = surplus.flatMap((destination) => [
        `route del ${destination} dev ${device}`,
        `neigh del ${destination.split('/')[0]} dev ${device}`,
      ])
      if (gone.length > 0) await force(gone)
      if (routes.length > 0) await batch(routes.flatMap(routeLines))
    },
    async list(prefix) {
      const links = await ask<IpLink[]>('-statistics', 'link', 'show')
      return links.filter(({ ifname }) => ifname.startsWith(prefix)).map(linkInfo)
    },
    async uplink() {
      const [route] = await ask<IpRoute[]>('-4', 'route', 'show', 'default')
      if (!route?.dev) return null
      const [link] = await ask<IpLink[]>('link', 'show', 'dev', route.dev)
      return { device: route.dev, mtu: link?.mtu ?? 1500, gateway: route.gateway ?? null } satisfies Uplink
    },
    async networks() {
      const [routes, addresses] = await Promise.all([
        ask<IpRoute[]>('-4', 'route', 'show', 'table', 'all'),
        ask<IpAddress[]>('-4', 'address', 'show'),
      ])
      const routed = routes
        .filter(({ dst, type }) => dst !== 'default' && type !== 'broadcast' && type !== 'local')
        .map(({ dst, dev = '' }) => ({ cidr: dst.includes('/') ? dst : `${dst}/32`, device: dev }))
      const own = addresses.flatMap(({ ifname, addr_info }) =>
        addr_info.map(({ local, prefixlen }) => ({ cidr: `${local}/${prefixlen}`, device: ifname })),
      )
      return [...routed, ...own]
    },
  }
}

function attachLines(veth: VethSpec, routes: readonly RouteSpec[]): string[] {
  return [
    `link add name ${veth.name} address ${veth.hostMac} mtu ${veth.mtu} type veth ` +
      `peer name ${veth.peer} address ${veth.peerMac} mtu ${veth.mtu} netns ${veth.pid}`,
    // The host end needs no IPv6 link-local address, and answers for none.
    `link set dev ${veth.name} addrgenmode none`,
    `link set dev ${veth.name} up`,
    ...routes.flatMap(routeLines),
  ]
}

function routeLines({ destination, device, neighbourMac }: RouteSpec): string[] {
  const address = destination.split('/')[0]
  return [
    `route replace ${destination} dev ${device} scope link`,
    ...(neighbourMac === undefined ? [] : [`neigh replace ${address} lladdr ${neighbourMac} dev ${device} nud permanent`]),
  ]
}

interface IpRoute {
  readonly dst: string
  readonly dev?: string
  readonly gateway?: string
  readonly type?: string
}
interface IpAddress {
  readonly ifname: string
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[]
}
interface IpLink {
  readonly ifname: string
  readonly address: string
  readonly mtu: number
  readonly flags: readonly string[]
  readonly stats64?: { readonly rx: { readonly bytes: number }; readonly tx: { readonly bytes: number } }
}

const linkInfo = ({ ifname, address, mtu, flags, stats64 }: IpLink): LinkInfo => ({
  name: ifname,
  mac: address,
  mtu,
  up: flags.includes('UP'),
  rxBytes: stats64?.rx.bytes ?? 0,
  txBytes: stats64?.tx.bytes ?? 0,
})
