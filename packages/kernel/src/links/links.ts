/**
 * Network links, routes and neighbours of the host's (current) network namespace. What lies inside another one is configured by
 * ConfigureNetwork.
 */

export interface VethSpec {
  /** Host end, at most 15 bytes. */
  readonly name: string
  /** Name of the inner end, "eth0". */
  readonly peer: string
  /** Process whose network namespace gets the inner end. */
  readonly pid: number
  readonly mtu: number
  readonly hostMac: string
  readonly peerMac: string
}

export interface LinkInfo {
  readonly name: string
  readonly mac: string
  readonly mtu: number
  readonly up: boolean
  /** Whether this end asks, answers and learns by ARP. */
  readonly arp: boolean
  /** Bytes since the link was made, as seen from this end. */
  readonly rxBytes: number
  readonly txBytes: number
}

export interface RouteSpec {
  /** "192.0.2.7/32". */
  readonly destination: string
  readonly device: string
  /** Permanent neighbour entry made with it: MAC of the far end. */
  readonly neighbourMac?: string
}

export interface Uplink {
  readonly device: string
  readonly mtu: number
  readonly gateway: string | null
}

export interface Links {
  /** Makes the pair, sets MACs, MTU, host end up and without ARP, and host routes with their neighbours.
   * Without ARP nothing that the far end sends becomes an entry of the host's neighbour table, which all links share. Idempotent: what exists with the same name is
   * replaced. Of an attempt that failed nothing is left. Routes of other links are left as they are. @throws NetworkRefused, RouteTaken */
  attach(veth: VethSpec, routes: readonly RouteSpec[]): Promise<void>
  /** Brings the set of /32 and /128 routes through `device` to exactly `routes`, and leaves those of other links as they are. @throws LinkMissing, RouteTaken */
  setRoutes(device: string, routes: readonly RouteSpec[]): Promise<void>
  /** Idempotent. */
  remove(name: string): Promise<void>
  /** Links whose names begin with `prefix`. */
  list(prefix: string): Promise<LinkInfo[]>
  /** Destinations, each with its prefix length. @throws LinkMissing */
  routes(device: string): Promise<string[]>
  /** The device of the default route; null without one. */
  uplink(): Promise<Uplink | null>
  /** Every address and directly connected or routed IPv4 network of this namespace, CIDR: for overlap checks. */
  networks(): Promise<{ readonly cidr: string; readonly device: string }[]>
}

/** There is a route to that destination already, through another link. */
export class RouteTaken extends Error {
  override readonly name = 'RouteTaken'
  readonly destination: string
  /** null: through none, or it went meanwhile. */
  readonly device: string | null
  constructor(destination: string, device: string | null, cause?: unknown) {
    super(`the node routes ${destination} to ${device ?? 'another link'} already`, { cause })
    this.destination = destination
    this.device = device
  }
}
