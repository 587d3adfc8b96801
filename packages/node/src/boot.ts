/** Starts the VPSs that start with the node, once for each boot of the machine: a restart of the daemon starts nothing. */

import { readFileSync } from 'node:fs'
import { bootOrder } from '@insula/model'
import { startVps } from './life/start.ts'
import type { Means } from './means.ts'
import type { Store } from './store/open.ts'

const BOOT_ID = 'boot_id'

/** proc(5): changes with every boot. */
export const readBootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

export async function startOnBoot(means: Means, store: Store, bootId: string): Promise<void> {
  if ((await store.meta(BOOT_ID)) === bootId) return
  await store.setMeta(BOOT_ID, bootId)
  const due = bootOrder(means.inventory.all()).filter(({ state }) => state === 'stopped')
  for (const { id, name } of due) {
    const doing = `cannot start VPS "${name}" with the node`
    // One after the other: the order is the administrator's, and a node that boots has better to do than everything at once.
    const task = await means.tasks.start({ kind: 'vps.start', vps: id, subject: name, doing }, () => startVps(means, id))
    await means.tasks.wait(task.id, 120_000)
  }
}
