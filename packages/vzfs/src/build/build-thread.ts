/** Entry of the thread that builds a layer. A thread cannot be handed an interface, so this is where its own file calls are made. */

import { realFileCalls } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { type BuildJob, buildLayer } from './build.ts'

const files = realFileCalls()
await serveThread((job, progress) => buildLayer(files, job as BuildJob, progress))
