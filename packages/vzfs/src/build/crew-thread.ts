/** Entry of a helper thread. It makes its own file calls, because a thread cannot be handed an interface. */

import { parentPort, workerData } from 'node:worker_threads'
import { realFileCalls } from '@insula/kernel'
import { endLoading, type StartUps } from '../start-ups.ts'
import { takeWork, type Task } from './crew.ts'

const files = realFileCalls()
endLoading(workerData as StartUps)
parentPort?.on('message', (task: Task) => takeWork(files, task, () => {}))
