import { openTestNetwork } from '../testing/network.ts'
import { configureConformance } from './conformance.ts'
import { realConfigureNetwork } from './real.ts'

configureConformance('the real driver', async () => {
  const network = await openTestNetwork()
  const ip = async <T>(...args: string[]): Promise<T[]> =>
    JSON.parse((await network.runner.run(['ip', '-4', '-json', ...args])).stdout || '[]')
  await network.runner.run(['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other'])
  await network.runner.run(['ip', 'link', 'set', 'other', 'up'])
  return {
    configure: realConfigureNetwork,
    pid: network.pid,
    // Above the kernel's largest: PID_MAX_LIMIT.
    absent: 2 ** 22 + 1,
    async show() {
      const [link] = await ip<IpLink>('address', 'show', 'dev', 'eth0')
      const [state] = await ip<IpLink>('link', 'show', 'dev', 'eth0')
      const routes = await ip<IpRoute>('route', 'show', 'dev', 'eth0')
      const neighbours = await ip<IpNeighbour>('neighbour', 'show', 'nud', 'permanent', 'dev', 'eth0')
      const said = (word: string, value: string | undefined): string => (value === undefined ? '' : ` ${word} ${value}`)
      return {
        up: state?.flags.includes('UP') ?? false,
        addresses: (link?.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`).toSorted(),
        routes: routes
          .map(({ dst, gateway, prefsrc }) => `${cidrOf(dst)}${said('via', gateway)}${said('src', prefsrc)}`)
          .toSorted(),
        neighbours: neighbours.map(({ dst, lladdr }) => `${dst} ${lladdr}`).toSorted(),
      }
    },
    [Symbol.asyncDispose]: async () => network[Symbol.dispose](),
  }
})

/** As ip(8) shows it. */
function cidrOf(destination: string): string {
  if (destination === 'default') return '0.0.0.0/0'
  return destination.includes('/') ? destination : `${destination}/32`
}

interface IpLink {
  readonly flags: readonly string[]
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number }[]
}
interface IpRoute {
  readonly dst: string
  readonly gateway?: string
  readonly prefsrc?: string
}
interface IpNeighbour {
  readonly dst: string
  readonly lladdr: string
}
