/** Entry of the thread that copies from another volume; see build-thread.ts for why it makes its own file calls. */

import { realFileCalls } from '@insula/kernel'
import { serveThread } from '../thread.ts'
import { bring, type BringJob } from './bring.ts'
import { bringLayer, type BringLayerJob } from './bring-layer.ts'

export type ArriveJob = (BringJob & { readonly what: 'contents' }) | (BringLayerJob & { readonly what: 'layer' })

const files = realFileCalls()
await serveThread<unknown>((job, progress) => {
  const work = job as ArriveJob
  return work.what === 'layer' ? bringLayer(files, work, progress) : bring(files, work, progress)
})
