import { fakeMachine } from '../machine/machine.ts'
import { networkDevice, networkTable } from '../machine/network-table.ts'
import { configureConformance } from './conformance.ts'
import { fakeConfigureNetwork } from './fake.ts'

configureConformance('the fake', async () => {
  const machine = fakeMachine()
  const network = networkTable()
  const device = networkDevice()
  network.devices.set('eth0', device)
  const { pid } = machine.start({ network })
  return {
    configure: fakeConfigureNetwork(machine),
    pid,
    absent: pid + 1,
    async show() {
      const { up, addresses, routes, neighbours } = device
      const said = (word: string, value: string | null): string => (value === null ? '' : ` ${word} ${value}`)
      return {
        up,
        addresses: [...addresses].toSorted(),
        routes: [...routes].map(([to, { gateway, source }]) => `${to}${said('via', gateway)}${said('src', source)}`).toSorted(),
        neighbours: [...neighbours].map((pair) => pair.join(' ')).toSorted(),
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})
