/** Whether a VPS can be given one address that somebody named. Addresses outside the pool are welcome: a provider routes what it owns. */

import { isEdge } from './address-pool.ts'
import { type Cidr, contains, formatCidr, lastOf, parseIpv4, parsePlaced } from './ipv4.ts'
import { reservedRange } from './reserved-ipv4.ts'

export interface AddressSurroundings {
  readonly pool: Cidr | null
  /** Address to the name of the VPS that has it. Without the VPS that the address is for. */
  readonly used: ReadonlyMap<number, string>
  /** The node's own addresses ("192.0.2.5/24") and what it routes, as the kernel tells them. Without the links of VPSs. */
  readonly nodeNetworks: readonly { readonly cidr: string; readonly device: string }[]
  /** Address to the link that the node sends it to, if that is none of this instance's VPSs. */
  readonly routed: ReadonlyMap<number, string>
  /** Addresses of others that the node needs, and what they are to it: "its gateway". */
  readonly needed: ReadonlyMap<number, string>
}

export interface AddressRefusal {
  readonly code: 'address_in_use' | 'invalid_request'
  readonly message: string
  readonly remedy: string
}

/** null: it can be given. */
export function checkAddress(text: string, around: AddressSurroundings): AddressRefusal | null {
  const another = around.pool === null ? 'choose another address' : 'choose another address, or "auto" for the next free one'
  const refuse = (code: AddressRefusal['code'], reason: string, remedy = another): AddressRefusal => ({
    code,
    message: `cannot give address ${text}: ${reason}`,
    remedy,
  })

  const address = parseIpv4(text)
  if (address === null) {
    return refuse(
      'invalid_request',
      'it is not an IPv4 address',
      'write four numbers from 0 to 255 without leading zeros: 10.0.0.7',
    )
  }
  const reserved = reservedRange(address)
  if (reserved !== null) {
    return refuse('invalid_request', `it lies in ${formatCidr(reserved.block)}, which is ${reserved.purpose}`)
  }
  if (around.pool !== null && isEdge(around.pool, address)) {
    return refuse('invalid_request', `it is the ${edgeName(around.pool, address)} address of the pool ${formatCidr(around.pool)}`)
  }
  const holder = around.used.get(address)
  if (holder !== undefined) {
    return refuse('address_in_use', `VPS "${holder}" has it`, `${another}; or take it from VPS "${holder}" first`)
  }
  const needed = around.needed.get(address)
  if (needed !== undefined) return refuse('address_in_use', `the node needs it for ${needed}`)
  for (const { cidr, device } of around.nodeNetworks) {
    const reason = takenByNode(address, cidr, device)
    if (reason !== null) return refuse('address_in_use', reason)
  }
  const link = around.routed.get(address)
  if (link !== undefined) {
    const there = 'see who has it: ip route get ' + text
    return refuse(
      'address_in_use',
      `the node routes it to ${link} already, which is no VPS of this instance`,
      `${another}; ${there}`,
    )
  }
  return null
}

/** An address in a network of the node is welcome unless it means something there already. */
function takenByNode(address: number, cidr: string, device: string): string | null {
  const placed = parsePlaced(cidr)
  if (placed === null || !contains(placed.block, address)) return null
  if (isEdge(placed.block, address)) {
    return `it is the ${edgeName(placed.block, address)} address of ${formatCidr(placed.block)}, a network of this node (${device})`
  }
  if (placed.address === address) return `this node has it itself (${device})`
  // A link of two: the other end is somebody's too.
  return placed.block.prefix === 31 ? `it is the far end of ${device}, a link of this node` : null
}

function edgeName(block: Cidr, address: number): 'network' | 'broadcast' {
  return address === lastOf(block) ? 'broadcast' : 'network'
}
