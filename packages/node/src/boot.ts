/** Starts the VPSs that start with the node, once for each boot of the machine: a restart of the daemon starts nothing. */

import { readFileSync } from 'node:fs'
import { bootOrder } from '@insula/model'
import { startVps } from './life/start.ts'
import type { Means } from './means.ts'
import type { Store } from './store/open.ts'

const BOOT_ID = 'boot_id'
/** Ids of those that are yet to be started in this boot, in their order. */
const DUE = 'boot_due'

/** proc(5): changes with every boot. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

export async function startOnBoot(means: Means, store: Store, bootId: string): Promise<void> {
  if ((await store.meta(BOOT_ID)) !== bootId) {
    await store.setMeta(
      DUE,
      bootOrder(means.inventory.all())
        .map(({ id }) => id)
        .join(','),
    )
    await store.setMeta(BOOT_ID, bootId)
  }
  const due = ((await store.meta(DUE)) ?? '').split(',').filter(Boolean).map(Number)
  // One after the other: the order is the administrator's, and a node that boots has better to do than everything at once.
  for (const [index, id] of due.entries()) {
    await start(means, id)
    await store.setMeta(DUE, due.slice(index + 1).join(','))
  }
}

async function start(means: Means, id: number): Promise<void> {
  const vps = means.inventory.get(id)
  if (vps?.state !== 'stopped') return
  const doing = `cannot start VPS "${vps.name}" with the node`
  const task = await means.tasks.start({ kind: 'vps.start', vps: id, subject: vps.name, doing }, () => startVps(means, id))
  await means.tasks.wait(task.id, 120_000)
}
