/** What the kernel tells about links, addresses and routes. linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h */

import { decodeAttributes, textOf } from '../netlink/attributes.ts'
import { addressText, cidrText, macText } from '../network/address.ts'
import type { LinkInfo } from './links.ts'

const IFF_UP = 1
const IFF_NOARP = 0x80
const IFLA = { address: 1, name: 3, mtu: 4, statistics: 23 } as const
const IFA = { address: 1, local: 2 } as const
const RTA = { destination: 1, device: 4, gateway: 5, nextHops: 9, table: 15, via: 18 } as const

export interface FoundLink {
  readonly index: number
  readonly link: LinkInfo
}

/** After struct ifinfomsg. */
export function linkIn(body: Buffer): FoundLink {
  const attributes = decodeAttributes(body.subarray(16))
  // struct rtnl_link_stats64: packets received and sent, then bytes.
  const statistics = attributes.get(IFLA.statistics)
  return {
    index: body.readInt32LE(4),
    link: {
      name: textOf(attributes.get(IFLA.name) ?? Buffer.of()),
      mac: macText(attributes.get(IFLA.address) ?? Buffer.of()),
      mtu: attributes.get(IFLA.mtu)?.readUInt32LE() ?? 0,
      up: (body.readUInt32LE(8) & IFF_UP) !== 0,
      arp: (body.readUInt32LE(8) & IFF_NOARP) === 0,
      rxBytes: Number(statistics?.readBigUInt64LE(16) ?? 0),
      txBytes: Number(statistics?.readBigUInt64LE(24) ?? 0),
    },
  }
}

export interface FoundAddress {
  readonly cidr: string
  /** Index of its link. */
  readonly device: number
}

/** After struct ifaddrmsg. */
export function addressIn(body: Buffer): FoundAddress {
  const [family = 0, length = 0] = body
  const attributes = decodeAttributes(body.subarray(8))
  // The first is the far end's, on a link with one far end only.
  const address = attributes.get(IFA.local) ?? attributes.get(IFA.address) ?? null
  return { cidr: cidrText(family, address, length), device: body.readUInt32LE(4) }
}

export interface FoundRoute {
  readonly family: number
  readonly destination: string
  readonly isDefault: boolean
  readonly table: number
  readonly type: number
  /** Index of its link, of the first one where there are several; null without one (unreachable and the like). */
  readonly device: number | null
  readonly gateway: string | null
}

/** After struct rtmsg. */
export function routeIn(body: Buffer): FoundRoute {
  const [family = 0, length = 0, , , shortTable = 0, , , type = 0] = body
  const attributes = decodeAttributes(body.subarray(12))
  const hop = hopIn(attributes.get(RTA.nextHops)) ?? hopOf(attributes)
  return {
    family,
    destination: cidrText(family, attributes.get(RTA.destination) ?? null, length),
    isDefault: length === 0,
    table: attributes.get(RTA.table)?.readUInt32LE() ?? shortTable,
    type,
    ...hop,
  }
}

type Hop = Pick<FoundRoute, 'device' | 'gateway'>

function hopOf(attributes: ReadonlyMap<number, Buffer>): Hop {
  // A gateway of the other family has its family before it.
  const gateway = attributes.get(RTA.gateway) ?? attributes.get(RTA.via)?.subarray(2) ?? null
  return { device: attributes.get(RTA.device)?.readUInt32LE() ?? null, gateway: gateway && addressText(gateway) }
}

/** The first of some struct rtnexthop, each with attributes of its own. */
function hopIn(hops: Buffer | undefined): Hop | null {
  if (!hops) return null
  const attributes = decodeAttributes(hops.subarray(8, hops.readUInt16LE(0)))
  return { ...hopOf(attributes), device: hops.readInt32LE(4) }
}
