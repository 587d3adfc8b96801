/** VPSs that run and that the database does not know, because it was lost and their records are damaged: they cannot be asked for anything. */

import { realCgroups } from '@insula/kernel'
import type { Instance } from '@insula/node'
import { nodeApi } from '../api.ts'

const PATIENCE_S = 60

/** Their ids, while insulad serves. */
export async function straysOf(instance: Instance): Promise<string[]> {
  const cgroups = realCgroups()
  const known = new Set((await nodeApi(instance).vpsList()).vps.map(({ id }) => `${id}`))
  const strays: string[] = []
  for (const id of await cgroups.children(instance.cgroup)) {
    if (!/^\d+$/.test(id) || known.has(id)) continue
    if ((await cgroups.processes(`${instance.cgroup}/${id}`)).length > 0) strays.push(id)
  }
  return strays
}

export async function endStrays(instance: Instance): Promise<void> {
  for (const id of await straysOf(instance)) {
    console.log(`      VPS ${id} has no record and is killed; its files stay`)
    await nodeApi(instance)
      .vpsStop({ params: { vps: id }, query: { wait: PATIENCE_S }, body: { force: true } })
      .catch(() => undefined)
    // What the keeper does not know either.
    await realCgroups().killAll(`${instance.cgroup}/${id}`)
  }
}
