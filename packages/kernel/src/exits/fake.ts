/** ExitWatch of a pretended machine. */

import type { FakeMachine } from '../machine/machine.ts'
import type { ExitWatch } from './exits.ts'

export function fakeExitWatch({ processes }: FakeMachine): ExitWatch {
  let open = true
  return {
    watch(pid, ended) {
      const process = processes.get(pid)
      // Never within the call that ends it: the kernel tells later, too.
      if (process) void process.ended.then((end) => setImmediate(() => open && ended(end)))
      else setImmediate(ended, { pid, code: null, signal: null })
    },
    ending: (pid) => !processes.has(pid),
    [Symbol.dispose]: () => void (open = false),
  }
}
