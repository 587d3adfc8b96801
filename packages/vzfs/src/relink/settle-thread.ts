/** Entry of the thread that finishes a relink or takes it back; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { settle, type SettleJob } from './apply.ts'

const files = realFileCalls()
await serveThread(async (job) => settle(files, job as SettleJob))
