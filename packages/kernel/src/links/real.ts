/** Links through ip(8): one `ip -batch` process for each change, `ip -json` for every question. */

import { existsSync } from 'node:fs'
import { ProcessFailed, type ProcessRunner, type RunResult } from '../process/runner.ts'
import { addedBy, attachLines, linkName, removalLines, routeLines } from './lines.ts'
import { type LinkInfo, LinkMissing, type Links, RouteTaken, type Uplink } from './links.ts'

export function realLinks(runner: ProcessRunner): Links {
  const batch = async (lines: readonly string[]): Promise<RunResult> => {
    try {
      return await runner.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
    } catch (error) {
      const destination = says(error, EXISTS) ? addedBy(failedOf(lines, error)) : null
      if (destination === null) throw error
      const [route] = await ask<IpRoute[]>(destination.includes(':') ? '-6' : '-4', 'route', 'show', destination)
      throw new RouteTaken(destination, route?.dev ?? null, error)
    }
  }
  const ask = async <T>(...args: string[]): Promise<T> => {
    const { stdout } = await runner.run(['ip', '-json', ...args])
    return JSON.parse(stdout || '[]') as T
  }
  const remove = async (name: string): Promise<void> => {
    try {
      await runner.run(['ip', 'link', 'delete', linkName(name)])
    } catch (error) {
      if (!says(error, NO_DEVICE)) throw error
    }
  }
  const routesOf = async (device: string): Promise<string[]> => {
    try {
      const answers = await Promise.all([
        ask<IpRoute[]>('-4', 'route', 'show', 'dev', linkName(device)),
        ask<IpRoute[]>('-6', 'route', 'show', 'dev', device),
      ])
      return answers
        .flat()
        .map(({ dst }) => withLength(dst))
        .filter((cidr) => !cidr.startsWith('fe80') && !cidr.startsWith('ff00'))
    } catch (error) {
      throw says(error, NO_DEVICE) ? new LinkMissing(device) : error
    }
  }

  return {
    remove,
    routes: routesOf,
    async attach(veth, routes) {
      const lines = attachLines(veth, routes, existsSync('/proc/sys/net/ipv6'))
      try {
        await batch(lines).catch(async (error: unknown) => {
          if (!says(error, EXISTS)) throw error
          // A pair of that name is left from an earlier life.
          await remove(veth.name)
          await batch(lines)
        })
      } catch (error) {
        await remove(veth.name)
        throw error
      }
    },
    async setRoutes(device, routes) {
      const there = await routesOf(device)
      const wanted = new Set(routes.map(({ destination }) => destination))
      const surplus = there.filter((destination) => !wanted.has(destination))
      const lines = [
        ...routes.flatMap((route) => routeLines(route, there.includes(route.destination))),
        ...surplus.flatMap((destination) => removalLines(destination, device)),
      ]
      if (lines.length > 0) await batch(lines)
    },
    async list(prefix) {
      const links = await ask<IpLink[]>('-statistics', 'link', 'show')
      return links.filter(({ ifname }) => ifname.startsWith(prefix)).map(linkInfo)
    },
    async uplink() {
      // The kernel tells them in the order of their metrics.
      const [route] = await ask<IpRoute[]>('-4', 'route', 'show', 'default')
      const hop = route?.nexthops?.[0] ?? route
      if (!hop?.dev) return null
      const [link] = await ask<IpLink[]>('link', 'show', 'dev', hop.dev)
      return { device: hop.dev, mtu: link?.mtu ?? 1500, gateway: hop.gateway ?? hop.via?.host ?? null } satisfies Uplink
    },
    async networks() {
      const [routes, addresses] = await Promise.all([
        ask<IpRoute[]>('-4', 'route', 'show', 'table', 'all'),
        ask<IpAddress[]>('-4', 'address', 'show'),
      ])
      const routed = routes
        .filter(({ dst, type }) => dst !== 'default' && type !== 'broadcast' && type !== 'local')
        .map(({ dst, dev, nexthops }) => ({ cidr: withLength(dst), device: dev ?? nexthops?.[0]?.dev ?? '' }))
      const own = addresses.flatMap(({ ifname, addr_info }) =>
        addr_info.map(({ local, prefixlen }) => ({ cidr: `${local}/${prefixlen}`, device: ifname })),
      )
      return [...routed, ...own]
    },
  }
}

/** The last one: it went between ip's two questions, with the network namespace of its other end. */
const NO_DEVICE = /cannot find device|does not exist|no such device/i
const EXISTS = /file exists/i
const says = (error: unknown, words: RegExp): boolean => error instanceof ProcessFailed && words.test(error.stderr)

/** ip(8) counts from 1: "Command failed -:4". */
function failedOf(lines: readonly string[], error: unknown): string {
  const [, number] = /command failed -:(\d+)/i.exec((error as ProcessFailed).stderr) ?? []
  return lines[Number(number) - 1] ?? ''
}

/** ip(8) leaves the length of a host's address out. */
const withLength = (address: string): string =>
  address.includes('/') ? address : `${address}/${address.includes(':') ? 128 : 32}`

interface Hop {
  readonly dev?: string
  readonly gateway?: string
  /** A gateway of the other family. */
  readonly via?: { readonly host: string }
}
interface IpRoute extends Hop {
  readonly dst: string
  readonly type?: string
  readonly nexthops?: readonly Hop[]
}
interface IpAddress {
  readonly ifname: string
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[]
}
interface IpLink {
  readonly ifname: string
  readonly address?: string
  readonly mtu: number
  readonly flags: readonly string[]
  readonly stats64?: { readonly rx: { readonly bytes: number }; readonly tx: { readonly bytes: number } }
}

const linkInfo = ({ ifname, address, mtu, flags, stats64 }: IpLink): LinkInfo => ({
  name: ifname,
  mac: address ?? '',
  mtu,
  up: flags.includes('UP'),
  rxBytes: stats64?.rx.bytes ?? 0,
  txBytes: stats64?.tx.bytes ?? 0,
})
