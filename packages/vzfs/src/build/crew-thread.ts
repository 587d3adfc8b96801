/** Entry of a helper thread. It makes its own file calls, because a thread cannot be handed an interface. */

import { parentPort } from 'node:worker_threads'
import { realFileCalls } from '@insula/kernel'
import { END, takeWork, type Task } from './crew.ts'

const files = realFileCalls()
parentPort?.on('message', (word: Task | typeof END) => {
  if (word === END) parentPort?.close()
  else takeWork(files, word, () => {})
})
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage('ready')
