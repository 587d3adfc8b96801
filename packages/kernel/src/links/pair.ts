/** A veth pair as a request. */

import type { Request } from '../netlink/socket.ts'
import { makePair } from '../network/link-requests.ts'
import type { VethSpec } from './links.ts'

export const pairRequest = ({ name, peer, mtu, hostMac, peerMac, pid }: VethSpec): Request =>
  makePair({ name, mac: hostMac, mtu }, { name: peer, mac: peerMac, mtu }, pid)
