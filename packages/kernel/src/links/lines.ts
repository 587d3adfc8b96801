/** Lines of ip-batch(8), and how names become safe parts of them. */

import type { RouteSpec, VethSpec } from './links.ts'

/** IFNAMSIZ without the NUL. */
const LONGEST_NAME = 15

export function attachLines(veth: VethSpec, routes: readonly RouteSpec[], ipv6: boolean): string[] {
  const name = linkName(veth.name)
  return [
    `link add name ${name} address ${word(veth.hostMac)} mtu ${veth.mtu} type veth ` +
      `peer name ${linkName(veth.peer)} address ${word(veth.peerMac)} mtu ${veth.mtu} netns ${veth.pid}`,
    // The host end needs no IPv6 link-local address, and answers for none. A kernel without IPv6 does not know the word.
    ...(ipv6 ? [`link set dev ${name} addrgenmode none`] : []),
    `link set dev ${name} up`,
    ...routes.flatMap((route) => routeLines(route)),
  ]
}

const ADD = 'route add '

/** `replace` would take the destination away from whatever other link has it. */
export function routeLines({ destination, device, neighbourMac }: RouteSpec, isThere = false): string[] {
  const [target, dev] = [word(destination), linkName(device)]
  const address = target.split('/')[0] ?? ''
  return [
    ...(isThere ? [] : [`${ADD}${target} dev ${dev} scope link`]),
    ...(neighbourMac === undefined ? [] : [`neigh replace ${address} lladdr ${word(neighbourMac)} dev ${dev} nud permanent`]),
  ]
}

/** Where the route of that line leads; null when it adds none. */
export const addedBy = (line: string): string | null =>
  line.startsWith(ADD) ? (line.slice(ADD.length).split(' ')[0] ?? '') : null

/** Deleting a neighbour that is not there ends ip(8) in the middle of its batch, so it is made first. */
export function removalLines(destination: string, device: string): string[] {
  const address = destination.split('/')[0] ?? ''
  return [
    `route del ${destination} dev ${device}`,
    `neigh replace ${address} lladdr 00:00:00:00:00:00 dev ${device} nud permanent`,
    `neigh del ${address} dev ${device}`,
  ]
}

/** What lies in a line of its own accord would be read as more words, or more lines. */
function word(text: string): string {
  if (!/^[\w.:/@-]+$/.test(text)) throw new TypeError(`"${text}" cannot be part of a network configuration`)
  return text
}

export function linkName(name: string): string {
  if (name.length > LONGEST_NAME) throw new TypeError(`the link name ${name} is longer than ${LONGEST_NAME} bytes`)
  return word(name)
}
