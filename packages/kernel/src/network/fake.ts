/** ConfigureNetwork of a pretended machine. Of networks it knows host addresses alone: a gateway is on the link when a route says so. */

import { constants } from 'node:os'
import type { FakeMachine } from '../machine/machine.ts'
import type { NetworkDevice, NetworkTable } from '../machine/network-table.ts'
import { NetworkRefused } from '../netlink/refused.ts'
import { fakeInNetworkOf } from '../netns/fake.ts'
import { type ConfigureNetwork, LinkMissing, type Neighbour, type NetworkStep, type Route } from './network.ts'
import { stepRequest } from './step-requests.ts'

export const fakeConfigureNetwork =
  (machine: FakeMachine): ConfigureNetwork =>
  async (pid, steps) => {
    const network = fakeInNetworkOf(machine)(pid, () => machine.network)
    // For what it refuses.
    for (const step of steps) stepRequest(step, 0)
    for (const { device } of steps) requireDevice(network, device)
    const refusals = steps.map((step) => carryOut(network, step)).filter((refusal) => refusal !== null)
    if (refusals[0]) throw refusals[0]
  }

function requireDevice({ devices }: NetworkTable, name: string): NetworkDevice {
  const found = devices.get(name)
  if (!found) throw new LinkMissing(name)
  return found
}

function carryOut(network: NetworkTable, step: NetworkStep): NetworkRefused | null {
  const device = requireDevice(network, step.device)
  if (step.kind === 'route') return carryOutRoute(network, device, step)
  if (step.kind === 'up') {
    device.up = true
    if (step.arp === false) device.arp = false
  } else if (step.kind === 'neighbour') setNeighbour(device, step)
  else if (!step.absent) device.addresses.add(step.cidr)
  else if (device.addresses.delete(step.cidr)) forgetSource(device, step.cidr)
  return null
}

function setNeighbour({ neighbours }: NetworkDevice, { address, mac }: Neighbour): void {
  if (mac === null) neighbours.delete(address)
  else neighbours.set(address, mac)
}

function carryOutRoute({ devices }: NetworkTable, device: NetworkDevice, step: Route): NetworkRefused | null {
  if (step.absent) {
    device.routes.delete(step.destination)
    return null
  }
  const { gateway = null, source = null } = step
  const refuse = (errno: number, explanation: string): NetworkRefused =>
    new NetworkRefused(stepRequest(step, 0).action, errno, explanation)
  if (!device.up) return refuse(constants.errno.ENETDOWN, 'Device for nexthop is not up')
  if (gateway !== null && ![...device.routes].some(([to, route]) => to === `${gateway}/32` && route.gateway === null))
    return refuse(constants.errno.ENETUNREACH, 'Nexthop has invalid gateway')
  const own = [...devices.values()].flatMap(({ addresses }) => [...addresses]).map((cidr) => cidr.split('/')[0])
  if (source !== null && !own.includes(source)) return refuse(constants.errno.EINVAL, 'Invalid prefsrc address')
  if (step.added && [...devices.values()].some(({ routes }) => routes.has(step.destination)))
    return refuse(constants.errno.EEXIST, '')
  for (const { routes } of devices.values()) routes.delete(step.destination)
  device.routes.set(step.destination, { gateway, source })
  return null
}

/** The kernel forgets routes whose source address is gone. */
function forgetSource({ routes }: NetworkDevice, cidr: string): void {
  for (const [destination, { source }] of routes) if (source === cidr.split('/')[0]) routes.delete(destination)
}
