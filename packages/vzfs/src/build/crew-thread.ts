/** Entry of a helper thread. It makes its own file calls, because a thread cannot be handed an interface. */

import { parentPort, workerData } from 'node:worker_threads'
import { realFileCalls } from '@insula/kernel'
import { endOwnLoading } from '../start-ups.ts'
import { type HelperData, takeWork, type Task } from './crew.ts'

const files = realFileCalls()
const { counts, own } = workerData as HelperData
endOwnLoading(counts, own)
parentPort?.on('message', (task: Task) => takeWork(files, task, () => {}))
