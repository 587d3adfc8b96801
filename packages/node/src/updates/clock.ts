/** Updates VPSs that follow their OS template, and others in their hours, once a later version of it is there. */

import { mayUpdate } from '@insula/model'
import { chosen } from '../apps/targets.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { runUpdates, UPDATE_KIND, type UpdateParams } from './run-updates.ts'
import { hasUpdates } from './update-set.ts'
import { updateFor } from './waiting.ts'

const EVERY_MS = 60_000
/** What failed is tried again then, or when there is another version. */
const AGAIN_MS = 24 * 3_600_000
const WAIT_MS = 6 * 3_600_000

export function openUpdateClock(means: Means): Disposable {
  const clock = updateClock(means)
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    clock(new Date())
      .catch((error: unknown) => means.log('VPSs that wait for updates could not be looked at', error))
      .finally(() => (looking = false))
  }, EVERY_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** One look at all VPSs. Resolves when the task that it began, if any, is over. */
export function updateClock(means: Means): (now: Date) => Promise<void> {
  const tried = new Map<string, number>()
  return async (now) => {
    for (const [key, at] of tried) if (now.getTime() - at >= AGAIN_MS) tried.delete(key)
    const wanting = means.inventory.all().filter((vps) => isOpen(means, vps, now))
    if (wanting.length === 0) return
    const templates = await means.templates.list()
    const due = wanting.flatMap((vps) => {
      const waiting = updateFor(vps, templates)
      if (!waiting || waiting.packages === 0 || !hasUpdates(waiting.target)) return []
      const key = `${vps.id} ${waiting.latest}`
      return tried.has(key) ? [] : [{ vps, key }]
    })
    if (due.length === 0) return
    for (const { key } of due) tried.set(key, now.getTime())
    const params: UpdateParams = {
      ...chosen(due.map(({ vps }) => vps)),
      named: false,
      dryRun: false,
      parallel: 2,
      stopAfter: 3,
      canary: 1,
    }
    const spec = { kind: UPDATE_KIND, subject: 'due', params, doing: 'cannot update VPSs that are due', cancellable: true }
    const { id } = await means.tasks.start(spec, (context) => runUpdates(means, params, context))
    await means.tasks.wait(id, WAIT_MS)
  }
}

const isOpen = ({ tasks }: Means, { id, state, updates }: VpsRecord, now: Date): boolean =>
  updates !== 'pinned' && (state === 'running' || state === 'stopped') && !tasks.busy(id) && mayUpdate(updates, now)
