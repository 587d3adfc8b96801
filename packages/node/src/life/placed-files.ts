/** Files that the node writes inside a VPS at each start, unless the tenant has put something else in their place. */

import type { PlacedFile } from '../keeper/keeper.ts'
import type { VpsRecord } from '../record.ts'

export function placedFiles(vps: VpsRecord, resolvers: readonly string[]): PlacedFile[] {
  return [
    { path: '/etc/hostname', contents: `${vps.hostname}\n`, mode: 0o644 },
    { path: '/etc/hosts', contents: hosts(vps), mode: 0o644 },
    resolvConf(vps, resolvers),
  ]
}

export function resolvConf(vps: VpsRecord, resolvers: readonly string[]): PlacedFile {
  const servers = vps.dns.length > 0 ? vps.dns : resolvers
  return { path: '/etc/resolv.conf', contents: servers.map((server) => `nameserver ${server}\n`).join(''), mode: 0o644 }
}

/** hosts(5): the host's own name resolves without DNS, to its address if it has one. */
function hosts({ hostname, addresses }: VpsRecord): string {
  const short = hostname.split('.')[0] ?? hostname
  const names = short === hostname ? hostname : `${hostname} ${short}`
  return `127.0.0.1 localhost\n${addresses[0] ?? '127.0.1.1'} ${names}\n::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n`
}
