/** All that is in the file system of a VPS, as lines that can be compared: what a removal leaves shows in them. */

import type { TestNode } from './node.ts'

/** What the system writes while it runs, and a package manager about its work. */
const NOT = [
  '/dev',
  '/proc',
  '/run',
  '/sys',
  '/tmp',
  '/var/tmp',
  '/etc/ld.so.cache',
  ...['passwd', 'shadow', 'group', 'gshadow'].map((name) => `/etc/${name}-`),
  '/var/cache/apt',
  '/var/cache/debconf',
  '/var/cache/ldconfig',
  '/var/lib/apt',
  '/var/lib/dpkg',
  '/var/lib/systemd',
  '/var/log/alternatives.log',
  '/var/log/apt',
  '/var/log/dpkg.log',
  '/var/log/journal',
]

/** Names, kinds, modes and owners of all, and what is in /etc, users and groups among it. */
const SHOW = `find / -xdev \\( ${NOT.map((path) => `-path ${path}`).join(' -o ')} \\) -prune -o -printf '%p %y %m %u:%g %l\\n' &&
find /etc -type f ! -name '*-' ! -name ld.so.cache -exec sha256sum {} +`

export async function listing(node: TestNode, vps: string): Promise<string[]> {
  return (await node.inside(vps, 'sh', '-c', SHOW)).split('\n').toSorted()
}
