/** Entry of a thread that decides, or is stopped before it does: it waits for the other side in between. */

import { decideHere, serveThread } from '../thread.ts'

await serveThread((job, progress) => {
  const { early, marks } = job as { early: boolean; marks: Int32Array<SharedArrayBuffer> }
  if (early) decideHere()
  progress(1, 1)
  Atomics.wait(marks, 0, 0)
  if (!early) decideHere()
  return Promise.resolve('done')
})
