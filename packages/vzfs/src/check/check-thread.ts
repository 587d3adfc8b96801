/** Entry of the thread that checks a volume; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { type CheckJob, checkVolume } from './check.ts'

const files = realFileCalls()
await serveThread((job) => checkVolume(files, job as CheckJob))
