/** Routes of links as steps. */

import type { NetworkStep } from '../network/network.ts'
import type { RouteSpec } from './links.ts'

/** A route that is not there yet is added: to set it would take the destination away from whatever other link has it. */
export function routeSteps({ destination, device, neighbourMac }: RouteSpec, isThere = false): NetworkStep[] {
  const route: NetworkStep[] = isThere ? [] : [{ kind: 'route', destination, device, added: true }]
  if (neighbourMac === undefined) return route
  return [...route, { kind: 'neighbour', address: hostOf(destination), device, mac: neighbourMac }]
}

/** The neighbour that was made with it goes too. */
export const removalSteps = (destination: string, device: string): NetworkStep[] => [
  { kind: 'route', destination, device, absent: true },
  { kind: 'neighbour', address: hostOf(destination), device, mac: null },
]

const hostOf = (cidr: string): string => cidr.split('/')[0] ?? ''
