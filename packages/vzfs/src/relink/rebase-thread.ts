/** Entry of the thread that compares layers for an area; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { obstacles, type RebaseJob } from './rebase.ts'

const files = realFileCalls()
await serveThread((job) => obstacles(files, job as RebaseJob))
