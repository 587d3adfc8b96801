import { listenerConformance } from './conformance.ts'
import { fakeCallers } from './fake.ts'

listenerConformance('the fake', async () => {
  const callers = fakeCallers()
  return {
    open: callers.open,
    caller: async () => callers.start(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})
