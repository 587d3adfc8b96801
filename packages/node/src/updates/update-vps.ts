/**
 * A VPS gets the packages of the latest version of its OS template. One that runs, by its own package manager. One that is stopped moves to that version
 * where its own files allow it, so that all is shared at once, else its package manager is held up by a waiting init.
 */

import type { AppResult } from '@insula/contract'
import { type Inside, InsideFailed, updateSystem } from '@insula/templates'
import { RebaseRefused } from '@insula/vzfs'
import { systemFor } from '../apps/app-of.ts'
import { insideVps } from '../apps/inside-vps.ts'
import { type AppContext, workFor } from '../apps/work-for.ts'
import { failure } from '../failures.ts'
import { requireLegal } from '../life/legality.ts'
import { rebaseVps } from '../life/rebase.ts'
import { relinkAfterStop } from '../life/relink.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { inMaintenance } from '../stacks/put.ts'
import type { ShelvedTemplate } from '../template-shelf.ts'
import { updateSetFor } from './update-set.ts'
import { updateFor } from './waiting.ts'

export interface Update {
  /** It was asked for by name, so that it does not matter whether it is pinned. */
  readonly named: boolean
  readonly dryRun: boolean
  /** Versions that VPSs of the same rollout were created from: one set of packages is for all. */
  readonly before: (template: string) => readonly string[]
}

type Outcome = Pick<AppResult['vps'][number], 'outcome' | 'message'>

/** In the VPS's turn. @throws ApiFailure that names the VPS */
export async function updateVps(
  means: Means,
  id: number,
  { named, dryRun, before }: Update,
  context: AppContext,
): Promise<Outcome> {
  const vps = means.inventory.get(id)
  if (!vps) throw failure('not_found', `there is no VPS ${id} any more`)
  const doing = `cannot update VPS "${vps.name}"`
  const waiting = updateFor(vps, await means.templates.list())
  if (!waiting) throw failure('template_unknown', `${doing}: its template ${vps.template} is gone`, 'see `insula template list`')
  const { target, packages, at } = waiting
  if (packages === 0)
    return {
      outcome: 'unchanged',
      message: `it has the packages of ${at === target.ref ? at : `${at}, and so has ${target.ref}`}`,
    }
  if (vps.updates === 'pinned' && !named)
    return { outcome: 'unchanged', message: `it is pinned to ${at}; by its name it is updated` }
  if (vps.state !== 'running' && vps.state !== 'stopped')
    throw failure('conflict', `${doing}: it is ${vps.state}`, 'VPSs are updated while they run or are stopped')
  requireLegal(vps.state === 'running' ? 'exec' : 'rebase', vps, id)
  if (dryRun) return { outcome: 'planned', message: `${packages} packages of ${target.ref}` }
  const inOwnFiles = (inside: Inside): Promise<number> =>
    byItsPackageManager(means, vps, target, before(target.name), inside, context, doing)
  if (vps.state === 'running') {
    const count = await inOwnFiles(insideVps(means.keeper, id, context.signal))
    await note(means, id, target.ref)
    return { outcome: 'done', message: `${count} packages, ${target.ref}` }
  }
  try {
    await rebaseVps(means, id, target.ref, context)
    return { outcome: 'done', message: `moved to ${target.ref}` }
  } catch (error) {
    if (!(error instanceof RebaseRefused)) throw error
    context.log(`${vps.name}: ${error.message}: packages are changed in its own files`)
  }
  const count = await inMaintenance(means, id, context.signal, inOwnFiles)
  await note(means, id, target.ref)
  await relinkAfterStop(means, id)
  return { outcome: 'done', message: `${count} packages in its own files, ${target.ref}` }
}

async function byItsPackageManager(
  means: Means,
  vps: VpsRecord,
  target: ShelvedTemplate,
  before: readonly string[],
  inside: Inside,
  context: AppContext,
  doing: string,
): Promise<number> {
  const set = await updateSetFor(means, target, [...new Set([vps.template, ...before])], context)
  const system = systemFor(set, vps.template, doing)
  try {
    return await updateSystem(workFor(means, { inside, app: set, system, vps, values: {} }, context))
  } catch (error) {
    context.signal.throwIfAborted()
    if (!(error instanceof InsideFailed)) throw error
    throw failure('conflict', `${doing}: ${error.message}`, error.remedy, error)
  }
}

async function note({ inventory, vzfs, events }: Means, id: number, updatedTo: string): Promise<void> {
  const after = await inventory.change(id, { updatedTo })
  await vzfs.areas.writeRecord(id, after)
  events.emit({ kind: 'vps.changed', vps: id, data: { name: after.name, fields: ['updatedTo'] } })
}
