/** Entry of the thread that repairs; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls, realQuota, stepBack } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { mend, type MendJob } from './mend.ts'
import { refill, type RefillJob } from './refill.ts'
import { seek, type SeekJob } from './seek.ts'

export type RepairJob =
  | (MendJob & { readonly phase: 'mend' })
  | (SeekJob & { readonly phase: 'seek' })
  | (RefillJob & { readonly phase: 'refill' })

stepBack()
const files = realFileCalls()
await serveThread<unknown>(async (job) => {
  const work = job as RepairJob
  if (work.phase === 'mend') {
    using quota = realQuota(work.volume)
    return await mend({ files, quota }, work)
  }
  return work.phase === 'seek' ? seek(files, work) : refill(files, work)
})
