/** Relinks all VPSs at the times that the administrator has set. */

import { Cron } from 'croner'
import { relinkAll } from './life/relink.ts'
import type { Means } from './means.ts'

export function openRelinkClock(means: Means): Disposable {
  const { config, tasks, inventory, log } = means
  if (config.relinkSchedule === undefined) return { [Symbol.dispose]: () => undefined }
  const spec = { kind: 'vzfs.relink', subject: 'all', doing: 'cannot relink', cancellable: true }
  const clock = new Cron(
    config.relinkSchedule,
    // One that takes longer than the time to the next is not begun twice.
    {
      mode: FIELDS,
      protect: true,
      unref: true,
      catch: (error: unknown) => log('a scheduled relink could not be begun', error),
    },
    async () => {
      const { id } = await tasks.start(spec, (context) => relinkAll(means, inventory.all(), context))
      while (['queued', 'running'].includes((await tasks.wait(id, 60_000)).state));
    },
  )
  return { [Symbol.dispose]: () => clock.stop() }
}

/** Seconds may come first; what comes after the five has no place in it. */
const FIELDS = '5-or-6-parts'

export function isSchedule(text: string): boolean {
  try {
    return new Cron(text, { mode: FIELDS, paused: true }).nextRun() !== null
  } catch {
    return false
  }
}
