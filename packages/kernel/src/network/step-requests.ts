/** Requests that make a step hold. linux/rtnetlink.h, linux/if_addr.h, linux/neighbour.h */

import { type Attribute, encodeAttributes, u32 } from '../netlink/attributes.ts'
import type { Request } from '../netlink/socket.ts'
import { addressBytes, familyOf, linkName, macBytes, networkOf } from './address.ts'
import { setUp } from './link-requests.ts'
import type { Address, Neighbour, NetworkStep, Route } from './network.ts'

const RTM = { newAddress: 20, deleteAddress: 21, newRoute: 24, deleteRoute: 25, newNeighbour: 28, deleteNeighbour: 29 } as const
const NLM_F_CREATE_REPLACE = 0x500
const NLM_F_CREATE_EXCL = 0x600
const IFA = { address: 1, local: 2 } as const
const RTA = { destination: 1, device: 4, gateway: 5, source: 7 } as const
const NDA = { address: 1, mac: 2 } as const
const MAIN_TABLE = 254
/** Who made the route: RTPROT_BOOT, as ip(8) says it. */
const BY_HAND = 3
const SCOPE = { everywhere: 0, link: 253, any: 255 } as const
const UNICAST = 1
const NUD_PERMANENT = 0x80

export interface StepRequest extends Request {
  /** The refusal that means: what shall be absent is. */
  readonly unless?: string
}

/** @param index of the step's device */
export function stepRequest(step: NetworkStep, index: number): StepRequest {
  linkName(step.device)
  if (step.kind === 'up') return setUp(index, step.device, step.arp)
  if (step.kind === 'address') return addressRequest(step, index)
  if (step.kind === 'route') return routeRequest(step, index)
  return neighbourRequest(step, index)
}

function addressRequest({ cidr, device, absent }: Address, index: number): StepRequest {
  const { family, address, length } = networkOf(cidr)
  // struct ifaddrmsg
  const header = Buffer.of(family, length, 0, SCOPE.everywhere, ...u32(index))
  const body = Buffer.concat([header, encodeAttributes([IFA.local, address], [IFA.address, address])])
  return absent
    ? { action: `remove the address ${cidr} from ${device}`, type: RTM.deleteAddress, body, unless: 'EADDRNOTAVAIL' }
    : {
        action: `add the address ${cidr} to ${device}`,
        type: RTM.newAddress,
        flags: NLM_F_CREATE_REPLACE,
        body,
      }
}

function routeRequest({ destination, device, gateway, source, added, absent }: Route, index: number): StepRequest {
  const { family, address, length } = networkOf(destination)
  const scope = gateway === undefined ? SCOPE.link : SCOPE.everywhere
  // Whoever made it, and of whatever type.
  const kind = absent ? [0, SCOPE.any, 0] : [BY_HAND, scope, UNICAST]
  // struct rtmsg
  const header = Buffer.of(family, length, 0, 0, MAIN_TABLE, ...kind, ...u32(0))
  const attributes: Attribute[] = [[RTA.device, u32(index)]]
  if (length > 0) attributes.push([RTA.destination, address])
  if (gateway !== undefined) attributes.push([RTA.gateway, addressBytes(gateway)])
  if (source !== undefined) attributes.push([RTA.source, addressBytes(source)])
  const body = Buffer.concat([header, encodeAttributes(...attributes)])
  const what = `the route to ${destination}${gateway === undefined ? '' : ` via ${gateway}`}`
  return absent
    ? { action: `remove ${what} from ${device}`, type: RTM.deleteRoute, body, unless: 'ESRCH' }
    : {
        action: `set ${what} over ${device}`,
        type: RTM.newRoute,
        flags: added ? NLM_F_CREATE_EXCL : NLM_F_CREATE_REPLACE,
        body,
      }
}

function neighbourRequest({ address, device, mac }: Neighbour, index: number): StepRequest {
  const bytes = addressBytes(address)
  // struct ndmsg
  const header = Buffer.of(familyOf(bytes), 0, 0, 0, ...u32(index), NUD_PERMANENT, 0, 0, 0)
  const body = (...more: readonly Attribute[]): Buffer => Buffer.concat([header, encodeAttributes([NDA.address, bytes], ...more)])
  if (mac === null) {
    return {
      action: `remove the neighbour ${address} from ${device}`,
      type: RTM.deleteNeighbour,
      body: body(),
      unless: 'ENOENT',
    }
  }
  return {
    action: `set the neighbour ${address} on ${device} to ${mac}`,
    type: RTM.newNeighbour,
    flags: NLM_F_CREATE_REPLACE,
    body: body([NDA.mac, macBytes(mac)]),
  }
}
