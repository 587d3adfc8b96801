/** The two jobs of a thread for a layer that is made of an area: to take from the area what the layer consists of, and to look at both afterwards. */

import type { FileCalls } from '@insula/kernel'
import { scan } from '../build/scan.ts'
import { errnoOf, VzfsError } from '../errors.ts'
import { confirm } from './confirm.ts'
import { differ } from './differ.ts'
import { placeDelta } from './place.ts'
import { touchedIn } from './touched.ts'
import { type ViewsNeed, withViews } from './views.ts'

export interface FromAreaJob extends ViewsNeed {
  readonly phase: 'take' | 'confirm'
  /** Of the layer, with the marks of a finished one to be confirmed. */
  readonly tree: string
  readonly without: readonly string[]
}

export async function readArea(files: FileCalls, job: FromAreaJob): Promise<void> {
  const { phase, plan, base, tree } = job
  const without = new Set(job.without.map((path) => Buffer.from(path.replace(/^\//, '')).toString('latin1')))
  const touched = touchedIn(
    files,
    [plan.upper, plan.own].flatMap((path) => (path === null ? [] : [Buffer.from(path)])),
  )
  try {
    if (phase === 'confirm')
      return await withViews(job, [tree, ...plan.layers], (views) => confirm(files, views, touched, without))
    await withViews(job, plan.layers, (views) => {
      const sides = { area: scan(files, views.area), layers: scan(files, views.layers) }
      placeDelta(files, Buffer.from(tree), views.area, base, differ({ views, ...sides, touched, without }))
    })
  } catch (error) {
    if (errnoOf(error) !== 'ENAMETOOLONG') throw error
    throw new VzfsError('unsuitable', 'cannot make a layer of this area: something in it has a path that is too long', {
      cause: error,
    })
  }
}
