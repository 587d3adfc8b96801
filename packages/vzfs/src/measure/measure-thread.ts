/** Entry of the thread that measures; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls, realPageCache, stepBack } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { learn, type LearnJob, readAhead, type ReadAheadJob } from './hot.ts'
import { measureResidency, type ResidencyJob } from './residency.ts'
import { measureSpace, type SpaceJob } from './space.ts'

export type MeasureJob =
  | (SpaceJob & { readonly what: 'space' })
  | (ResidencyJob & { readonly what: 'residency' })
  | (LearnJob & { readonly what: 'learn' })
  | (ReadAheadJob & { readonly what: 'read ahead' })

const files = realFileCalls()
const cache = realPageCache()
await serveThread<unknown>(async (job) => {
  const work = job as MeasureJob
  // A VPS waits for what is read ahead.
  if (work.what !== 'read ahead') stepBack()
  if (work.what === 'space') return measureSpace(files, work)
  if (work.what === 'residency') return measureResidency(files, cache, work)
  return work.what === 'learn' ? learn(files, cache, work) : readAhead(cache, work)
})
