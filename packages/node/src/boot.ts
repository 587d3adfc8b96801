/** Starts the VPSs that start with the node, once each time that Insula comes up: a restart of the daemon starts nothing. */

import { bootOrder } from '@insula/model'
import { startVps } from './life/start.ts'
import type { Means } from './means.ts'
import type { Store } from './store/open.ts'

/** `upSince`, when it was looked at last. */
const UP_SINCE = 'up_since'
/** Ids of those that are yet to be started, in their order. */
const DUE = 'boot_due'

export async function startOnBoot(means: Means, store: Store, since: string): Promise<void> {
  if ((await store.meta(UP_SINCE)) !== since) {
    await store.setMeta(
      DUE,
      bootOrder(means.inventory.all())
        .map(({ id }) => id)
        .join(','),
    )
    await store.setMeta(UP_SINCE, since)
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
