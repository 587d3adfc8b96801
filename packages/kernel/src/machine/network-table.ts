/** A network namespace of the pretended machine. */

export interface NetworkTable {
  readonly devices: Map<string, NetworkDevice>
}

export interface NetworkDevice {
  up: boolean
  arp: boolean
  readonly addresses: Set<string>
  /** By destination. */
  readonly routes: Map<string, NetworkRoute>
  /** Address to MAC. */
  readonly neighbours: Map<string, string>
}

export interface NetworkRoute {
  readonly gateway: string | null
  readonly source: string | null
}

export const networkTable = (): NetworkTable => ({ devices: new Map([['lo', networkDevice()]]) })

export const networkDevice = (): NetworkDevice => ({
  up: false,
  arp: true,
  addresses: new Set(),
  routes: new Map(),
  neighbours: new Map(),
})
