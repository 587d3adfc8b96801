/** Requests about links. linux/if_link.h, linux/veth.h */

import { byte, encodeAttributes, text, u32 } from '../netlink/attributes.ts'
import type { Request } from '../netlink/socket.ts'
import { AF_INET6, linkName, macBytes } from './address.ts'

const RTM = { newLink: 16, deleteLink: 17, getLink: 18, setLink: 19 } as const
const NLM_F_CREATE_EXCL = 0x600
const IFF_UP = 1
const IFF_NOARP = 0x80
const IFLA = { address: 1, name: 3, mtu: 4, linkInfo: 18, netNsPid: 19, afSpec: 26, extMask: 29 } as const
const IFLA_INFO = { kind: 1, data: 2 } as const
const VETH_INFO_PEER = 1
const IFLA_INET6_ADDR_GEN_MODE = 8
const NO_GENERATED_ADDRESS = 1
const SKIP_STATISTICS = 8

export interface LinkEnd {
  readonly name: string
  readonly mac: string
  readonly mtu: number
}

/** struct ifinfomsg */
function linkHeader(index = 0, flags = 0): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32LE(index, 4)
  header.writeUInt32LE(flags, 8)
  // Which of the flags are meant.
  header.writeUInt32LE(flags, 12)
  return header
}

const endOf = ({ name, mac, mtu }: LinkEnd) =>
  [
    [IFLA.name, text(linkName(name))],
    [IFLA.address, macBytes(mac)],
    [IFLA.mtu, u32(mtu)],
  ] as const

/** A veth pair, one end here and one in the network namespace of process `pid`. */
export function makePair(here: LinkEnd, there: LinkEnd, pid: number): Request {
  const peer = Buffer.concat([linkHeader(), encodeAttributes(...endOf(there), [IFLA.netNsPid, u32(pid)])])
  const info = encodeAttributes([IFLA_INFO.kind, text('veth')], [IFLA_INFO.data, encodeAttributes([VETH_INFO_PEER, peer])])
  return {
    action: `make the link ${here.name} with its other end ${there.name} at process ${pid}`,
    type: RTM.newLink,
    flags: NLM_F_CREATE_EXCL,
    body: Buffer.concat([linkHeader(), encodeAttributes(...endOf(here), [IFLA.linkInfo, info])]),
  }
}

export const deleteLink = (name: string): Request => ({
  action: `delete the link ${name}`,
  type: RTM.deleteLink,
  body: Buffer.concat([linkHeader(), encodeAttributes([IFLA.name, text(linkName(name))])]),
})

/** The link then has no IPv6 link-local address, and answers for none. */
export function generateNoAddress(name: string): Request {
  const inet6 = encodeAttributes([IFLA_INET6_ADDR_GEN_MODE, byte(NO_GENERATED_ADDRESS)])
  return {
    action: `keep the link ${name} from making itself an IPv6 address`,
    type: RTM.setLink,
    body: Buffer.concat([
      linkHeader(),
      encodeAttributes([IFLA.name, text(linkName(name))], [IFLA.afSpec, encodeAttributes([AF_INET6, inet6])]),
    ]),
  }
}

/** @param arp false: also without ARP */
export const setUp = (index: number, name: string, arp?: false): Request => ({
  action: `set the link ${name} up`,
  type: RTM.setLink,
  body: linkHeader(index, arp === false ? IFF_UP | IFF_NOARP : IFF_UP),
})

/** Refused with ENODEV when there is none. */
export const getLink = (name: string): Request => ({
  action: `look at the link ${name}`,
  type: RTM.getLink,
  body: Buffer.concat([linkHeader(), encodeAttributes([IFLA.name, text(linkName(name))], [IFLA.extMask, u32(SKIP_STATISTICS)])]),
})

export const listLinks = (statistics: boolean): Request => ({
  action: 'list the network links',
  type: RTM.getLink,
  body: Buffer.concat([linkHeader(), encodeAttributes([IFLA.extMask, u32(statistics ? 0 : SKIP_STATISTICS)])]),
})
