/** Entry of the thread that checks a volume; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls, realQuota, stepBack } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { type CheckJob, checkVolume } from './check.ts'

stepBack()
const files = realFileCalls()
await serveThread(async (job, progress) => {
  const work = job as CheckJob
  using quota = realQuota(work.volume)
  return await checkVolume({ files, quota }, work, progress)
})
