/** Entry of a standing thread for tests: does as each job says. */

import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { commonHere, serveJobs } from '../standing-thread.ts'
import { decideHere } from '../thread.ts'

export interface StandingJob {
  readonly act: 'answer' | 'fail' | 'end' | 'wait' | 'decide'
  /** Waits until it is 1. */
  readonly gate?: Int32Array<SharedArrayBuffer>
}

serveJobs(async (job, progress) => {
  const { act, gate } = job as StandingJob
  if (act === 'decide') decideHere()
  progress(1, 1)
  if (act === 'fail') throw Object.assign(new Error('on purpose'), { code: 'ENOSPC' })
  if (act === 'end') process.exit(1)
  while (gate !== undefined && Atomics.load(gate, 0) === 0) await sleep(1)
  return { thread: threadId, common: commonHere() }
})
