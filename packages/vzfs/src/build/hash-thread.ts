/** Entry of a thread that helps hashing; it ends when the shared list is done. */

import { workerData } from 'node:worker_threads'
import { type HashWork, takeWork } from './hash.ts'

takeWork(workerData as HashWork)
