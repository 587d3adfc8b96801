/** What the instance made in the kernel beside its processes and mounts. A daemon that ended well leaves its links to the VPSs that run; here none do. */

import { realCgroups, realPacketFilter } from '@insula/kernel'
import type { Plan, Work } from '../work.ts'

export const planKernelObjects: Plan = async ({ machine, instance }) => {
  const filter = realPacketFilter()
  const cgroups = realCgroups()
  const links = await machine.links.list(`${instance.linkPrefix}.`)
  const table: Work = {
    what: `remove the packet filter's table ${instance.filterTable}`,
    run: () => filter.removeTable('inet', instance.filterTable),
  }
  const cgroup: Work = { what: `remove the cgroup ${instance.cgroup}`, run: () => cgroups.remove(instance.cgroup) }
  return [
    ...links.map(({ name }): Work => ({ what: `remove the link ${name}`, run: () => machine.links.remove(name) })),
    ...((await filter.tables()).includes(`inet ${instance.filterTable}`) ? [table] : []),
    ...((await cgroups.exists(instance.cgroup)) ? [cgroup] : []),
  ]
}
