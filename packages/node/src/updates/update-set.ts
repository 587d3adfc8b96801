/** The packages that bring VPSs to the latest version of their OS template: fetched when they are first needed, and removed with the next. */

import type { App } from '@insula/templates'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { ShelvedTemplate } from '../template-shelf.ts'
import type { TaskContext } from '../tasks/engine.ts'

/** What is being fetched, by version and those that it is for. */
export type UpdateSets = Map<string, Promise<App>>

export const hasUpdates = ({ packageManager }: Pick<ShelvedTemplate, 'packageManager'>): boolean =>
  packageManager === 'apt' || packageManager === 'dnf'

type Work = Pick<TaskContext, 'signal' | 'log' | 'progress'>

/** @param before versions of the same template that VPSs were created from @throws ApiFailure, TemplateFailed */
export async function updateSetFor(
  means: Pick<Means, 'apps' | 'updateSets'>,
  target: ShelvedTemplate,
  before: readonly string[],
  work: Work,
): Promise<App> {
  if (!hasUpdates(target))
    throw failure(
      'unsupported',
      `there are no updates of ${target.name}: it has no package manager that is known`,
      'stop the VPS and move it to the new version: insula vzfs rebase VPS TEMPLATE',
    )
  const { updateSets } = means
  const key = [target.ref, ...before.toSorted()].join(' ')
  const underWay = updateSets.get(key)
  // Whoever fetches it may be told to end, and others want it all the same.
  if (underWay) return underWay.catch(() => updateSetFor(means, target, before, work))
  const set = found(means, target, before, work)
  updateSets.set(key, set)
  try {
    return await set
  } finally {
    updateSets.delete(key)
  }
}

async function found(
  { apps }: Pick<Means, 'apps'>,
  target: ShelvedTemplate,
  before: readonly string[],
  work: Work,
): Promise<App> {
  const all = await apps.updates()
  const covers = ({ updates, systems }: App): boolean =>
    updates === target.ref && before.every((ref) => systems.some(({ builtFor }) => builtFor.includes(ref)))
  const there = all.findLast(covers)
  if (there) return there
  work.log(`fetching packages of ${target.ref} for VPSs of ${before.join(', ')}`)
  const options = { mirror: undefined, signal: work.signal, log: work.log, onProgress: work.progress }
  const made = await apps.buildUpdates(target.ref, before, options)
  for (const old of all)
    if (old.name === made.name && old.updates !== target.ref)
      await apps
        .remove(old.ref)
        .catch((error: unknown) => work.log(`${old.ref} could not be removed: ${(error as Error).message}`))
  return made
}
