/** Network namespaces for tests: each belongs to a process that only waits. */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { inNetworkOf } from '../netns/real.ts'
import { startAttached } from '../process/attached.ts'
import { realProcessRunner } from '../process/real.ts'
import type { ProcessRunner } from '../process/runner.ts'

export interface TestNetwork extends Disposable {
  readonly pid: number
  /** Starts everything inside. */
  readonly runner: ProcessRunner
}

/** Empty but for its loopback device, which is down. Everything in it goes with it. */
export async function openTestNetwork(): Promise<TestNetwork> {
  const { pid } = startAttached(['unshare', '--net', 'sleep', '600'], { descriptors: ['null', 'null', 'null'] })
  for (let waited = 0; readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'sleep'; waited += 5) {
    if (waited > 10_000) throw new Error('unshare --net did not come up')
    await sleep(5)
  }
  const { run } = realProcessRunner()
  return {
    pid,
    runner: { run: (argv, options) => inNetworkOf(pid, () => run(argv, options)) },
    [Symbol.dispose]: () => void process.kill(pid, 'SIGKILL'),
  }
}
