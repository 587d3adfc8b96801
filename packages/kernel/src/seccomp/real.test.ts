import { closeSync } from 'node:fs'
import { startListened } from '../testing/listened-process.ts'
import { listenerConformance, type TestCaller } from './conformance.ts'
import { realListeners } from './real.ts'
import { newCallRecord } from './record.ts'

listenerConformance('the real driver', async () => {
  const record = newCallRecord()
  const callers: TestCaller[] = []
  return {
    open: () => realListeners(record),
    async caller() {
      const caller = await startListened()
      callers.push(caller)
      return caller
    },
    async [Symbol.asyncDispose]() {
      closeSync(record)
      await Promise.all(callers.map((caller) => caller.kill()))
    },
  }
})
