import { readlinkSync } from 'node:fs'
import { openTestNetwork } from '../testing/network.ts'
import { networkConformance } from './conformance.ts'
import { inNetworkOf } from './real.ts'

networkConformance('the real driver', async () => {
  const [first, second] = [await openTestNetwork(), await openTestNetwork()]
  return {
    inNetworkOf,
    pids: [first.pid, second.pid],
    // Above the kernel's largest: PID_MAX_LIMIT.
    absent: 2 ** 22 + 1,
    here: () => readlinkSync('/proc/thread-self/ns/net'),
    [Symbol.asyncDispose]: async () => {
      first[Symbol.dispose]()
      second[Symbol.dispose]()
    },
  }
})
