/** Entry of the thread that relinks an area; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { relink, type RelinkJob } from './relink.ts'

const files = realFileCalls()
await serveThread((job, progress) => relink(files, job as RelinkJob, progress))
