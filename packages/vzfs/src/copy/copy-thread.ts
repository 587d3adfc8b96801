/** Entry of the thread that copies trees; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { type CopyJob, copyTrees } from './copy.ts'

const files = realFileCalls()
await serveThread((job, progress) => copyTrees(files, job as CopyJob, progress))
