/** Entry of the thread that collects; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { type CollectJob, find, sweep } from './jobs.ts'

const files = realFileCalls()
await serveThread<unknown>((job, progress) => {
  const work = job as CollectJob
  return work.phase === 'find' ? find(files, work, progress) : sweep(files, work)
})
