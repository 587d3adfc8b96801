/**
 * The node's one packet filter table, made as a whole from all VPSs that have a link, and replaced in one transaction. Sets, not rules per VPS:
 * its length does not grow with the number of VPSs. nft(8)
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PacketFilter } from '@insula/kernel'

export interface FilteredVps {
  readonly link: string
  readonly addresses: readonly string[]
  readonly nat: boolean
}

export interface FirewallContext {
  readonly table: string
  readonly linkPrefix: string
  /** The network that VPSs have addresses of, and where the node's default route leads; null: nothing is kept from going there. */
  readonly pool: { readonly cidr: string; readonly uplink: string } | null
}

export interface Firewall {
  /** Resolves when a table made of `current()` as it is now, or later, is in force. Calls that come together share one replacement. */
  refresh(): Promise<void>
  remove(): Promise<void>
}

export function openFirewall(filter: PacketFilter, context: FirewallContext, current: () => readonly FilteredVps[]): Firewall {
  let next: Promise<void> | null = null
  return {
    refresh() {
      // In a later turn of the event loop: whatever else this turn has begun, such as a launch, goes on while the kernel takes the rules.
      next ??= nextTurn().then(async () => {
        next = null
        await filter.replaceTable('inet', context.table, tableBody(context, current()))
      })
      return next
    },
    remove: () => filter.removeTable('inet', context.table),
  }
}

/** The text between the table's braces. */
export function tableBody(
  { linkPrefix, pool }: Pick<FirewallContext, 'linkPrefix' | 'pool'>,
  vpss: readonly FilteredVps[],
): string {
  const links = `"${linkPrefix}.*"`
  const pairs = vpss.flatMap(({ link, addresses }) => addresses.map((address) => `"${link}" . ${address}`))
  const translated = vpss.filter(({ nat }) => nat).flatMap(({ addresses }) => addresses)
  return `
  set own {
    typeof iifname . ip saddr
    ${elements(pairs)}
  }
  set translated {
    typeof ip saddr
    ${elements(translated)}
  }
  chain source {
    # Before conntrack: what a VPS sends under an address that is not its own leaves no trace anywhere.
    type filter hook prerouting priority raw; policy accept;
    iifname != ${links} accept
    iifname . ip saddr @own accept
    drop
  }
${pool === null ? '' : unassigned(pool)}  chain translate {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr @translated oifname != ${links} masquerade
  }
`
}

/** Only those addresses have a route that a VPS has; the others would leave the node by its default route, and may be sent back from there. */
const unassigned = ({ cidr, uplink }: { readonly cidr: string; readonly uplink: string }): string =>
  (['forward', 'output'] as const)
    .map(
      (hook) => `  chain unassigned_${hook} {
    type filter hook ${hook} priority filter; policy accept;
    oifname "${uplink}" ip daddr ${cidr} drop
  }
`,
    )
    .join('')

const elements = (members: readonly string[]): string => (members.length === 0 ? '' : `elements = { ${members.join(', ')} }`)
