/** Entry of the thread that copies trees; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { servePrepared } from '../thread.ts'
import { type CopyJob, prepareCopy } from './copy.ts'

const files = realFileCalls()
await servePrepared((job) => prepareCopy(files, job as CopyJob))
