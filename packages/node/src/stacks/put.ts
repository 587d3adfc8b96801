/** A stopped VPS gets applications: as a shared layer below its own files where those allow it, else by its own package manager, in its own files. */

import { RebaseRefused } from '@insula/vzfs'
import { failure } from '../failures.ts'
import { requireLegal } from '../life/legality.ts'
import { whileWaiting } from '../life/waiting.ts'
import type { Means } from '../means.ts'
import { type Install, type Work, withStack } from './stacks.ts'

export type How = 'layer' | 'packages'

/** @param apps all that it is to have as a layer; of those in its own files the installer knows what is missing. In the VPS's turn. */
export async function putApps(means: Means, id: number, apps: readonly string[], install: Install, work: Work): Promise<How> {
  const { inventory, vzfs, templates } = means
  const vps = inventory.get(id)
  requireLegal('rebase', vps, id)
  const template = await templates.find(vps.template)
  if (template === null)
    throw failure('template_unknown', `cannot change the applications of VPS "${vps.name}": its template ${vps.template} is gone`)
  try {
    await withStack(means, { template, apps }, install, work, async (layers) => {
      await vzfs.areas.rebase(id, layers, { share: vps.share, whole: true, signal: work.signal })
      const after = await inventory.change(id, { layers: [...layers] })
      await vzfs.areas.writeRecord(id, after)
    })
    return 'layer'
  } catch (error) {
    if (!(error instanceof RebaseRefused)) throw error
    work.log(`${error.message}: packages are installed in its own files`)
  }
  await inMaintenance(means, id, work, (inside) => install(inside, apps))
  return 'packages'
}

/** A stopped VPS is held up by a waiting init; it cannot be started meanwhile. */
async function inMaintenance(
  means: Means,
  id: number,
  { signal }: Work,
  body: Parameters<typeof whileWaiting>[3],
): Promise<void> {
  const vps = await means.inventory.change(id, { waits: true })
  try {
    await whileWaiting(means, vps, signal, body)
  } finally {
    await means.inventory.change(id, { waits: false })
  }
}
