/** A stopped VPS gets other applications: as a shared layer below its own files where those allow it, else something runs in it while it waits. */

import type { Inside } from '@insula/templates'
import { RebaseRefused } from '@insula/vzfs'
import { failure } from '../failures.ts'
import { requireLegal } from '../life/legality.ts'
import { whileWaiting } from '../life/waiting.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { type Came, type Install, type Work, withStack } from './stacks.ts'

/**
 * In the VPS's turn.
 * @param apps all that it is to have
 * @param also what else its record says then, at once with its layers
 * @returns null: its own files are in the way, and it is as it was
 */
export async function ontoStack(
  means: Means,
  id: number,
  apps: readonly string[],
  install: Install,
  work: Work,
  also: (came: Came) => Partial<VpsRecord> = () => ({}),
): Promise<VpsRecord | null> {
  const { inventory, vzfs, templates } = means
  const vps = inventory.get(id)
  requireLegal('rebase', vps, id)
  const template = await templates.find(vps.template)
  if (template === null)
    throw failure('template_unknown', `cannot change the applications of VPS "${vps.name}": its template ${vps.template} is gone`)
  try {
    return await withStack(means, { template, apps }, install, work, async (layers, came) => {
      await vzfs.areas.rebase(id, layers, { share: vps.share, whole: true, signal: work.signal })
      const after = await inventory.change(id, { ...also(came), layers: [...layers] })
      await vzfs.areas.writeRecord(id, after)
      means.events.emit({ kind: 'vps.changed', vps: id, data: { name: vps.name, fields: ['apps'] } })
      return after
    })
  } catch (error) {
    if (!(error instanceof RebaseRefused)) throw error
    work.log(`${error.message}: packages are changed in its own files`)
    return null
  }
}

/** A stopped VPS is held up by a waiting init; it cannot be started meanwhile. In its turn. */
export async function inMaintenance<T>(
  means: Means,
  id: number,
  signal: AbortSignal,
  body: (inside: Inside) => Promise<T>,
): Promise<T> {
  const vps = await means.inventory.change(id, { waits: true })
  try {
    return await whileWaiting(means, vps, signal, body)
  } finally {
    await means.inventory.change(id, { waits: false })
  }
}
