import { fakeMachine } from '../machine/machine.ts'
import { userNamespaceConformance } from './conformance.ts'
import { fakeUserNamespaces, mapAt } from './fake.ts'

userNamespaceConformance('the fake', async () => {
  const machine = fakeMachine()
  return {
    userNamespaces: fakeUserNamespaces(machine),
    mapAt: async (path) => mapAt(machine, path),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})
