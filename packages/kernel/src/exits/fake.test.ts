import { fakeMachine } from '../machine/machine.ts'
import { exitConformance, type StartProcess } from './conformance.ts'
import { fakeExitWatch } from './fake.ts'

exitConformance('the fake', async () => {
  const machine = fakeMachine()
  const start =
    (child: boolean): StartProcess =>
    async () => {
      const { pid } = machine.start({ child })
      return { pid, exit: (code) => machine.end(pid, { code }), kill: (signal) => void machine.kill(pid, signal) }
    }
  return {
    exits: fakeExitWatch(machine),
    startChild: start(true),
    startOther: start(false),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})
