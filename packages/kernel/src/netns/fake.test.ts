import { fakeMachine } from '../machine/machine.ts'
import { networkTable } from '../machine/network-table.ts'
import { networkConformance } from './conformance.ts'
import { fakeInNetworkOf } from './fake.ts'

networkConformance('the fake', async () => {
  const machine = fakeMachine()
  const [first, second] = [machine.start({ network: networkTable() }), machine.start({ network: networkTable() })]
  return {
    inNetworkOf: fakeInNetworkOf(machine),
    pids: [first.pid, second.pid],
    absent: second.pid + 1,
    here: () => machine.network,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})
