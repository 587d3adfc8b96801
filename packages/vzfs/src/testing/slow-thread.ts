/** Entry of a thread that is long in loading, and says when it has. */

import { workerData } from 'node:worker_threads'
import { serveThread } from '../thread.ts'

const { job: marks } = workerData as { readonly job: Int32Array<SharedArrayBuffer> }
Atomics.store(marks, 0, 1)
Atomics.notify(marks, 0)
Atomics.wait(marks, 2, 0, 300)
Atomics.store(marks, 1, 1)
await serveThread(() => new Promise(() => undefined))
