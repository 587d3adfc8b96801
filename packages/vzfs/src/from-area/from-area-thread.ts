/** Entry of the thread that reads an area for a layer; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { type FromAreaJob, readArea } from './read-area.ts'

const files = realFileCalls()
await serveThread((job) => readArea(files, job as FromAreaJob))
