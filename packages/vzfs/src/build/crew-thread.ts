/** Entry of a helper thread. It makes its own file calls, because a thread cannot be handed an interface. */

import { parentPort } from 'node:worker_threads'
import { realFileCalls } from '@insula/kernel'
import { takeWork, type Task } from './crew.ts'

const files = realFileCalls()
parentPort?.on('message', (task: Task) => takeWork(files, task, () => {}))
