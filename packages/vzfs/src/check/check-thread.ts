/** Entry of the thread that checks a volume; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls, stepBack } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { type CheckJob, checkVolume } from './check.ts'

stepBack()
const files = realFileCalls()
await serveThread((job, progress) => checkVolume(files, job as CheckJob, progress))
