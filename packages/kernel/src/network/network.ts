/**
 * Configures a network namespace, by steps of which each says what shall hold afterwards, whatever was before: the same steps again change nothing.
 */

export type NetworkStep = LinkUp | Address | Route | Neighbour

export interface LinkUp {
  readonly kind: 'up'
  readonly device: string
  /** It asks, answers and learns nothing by ARP. */
  readonly arp?: false
}

export interface Address {
  readonly kind: 'address'
  /** "192.0.2.7/32". */
  readonly cidr: string
  readonly device: string
  /** It shall not be there. */
  readonly absent?: true
}

/** Of the main table, by its destination: there is one route to each. */
export interface Route {
  readonly kind: 'route'
  /** "192.0.2.7/32", or the default route of a family: "0.0.0.0/0". */
  readonly destination: string
  readonly device: string
  /** Without one, the destination is on the link. */
  readonly gateway?: string
  /** The address that packets of this node are given: one of its own. */
  readonly source?: string
  /** Refused with EEXIST when there is one already, through whatever link. */
  readonly added?: true
  readonly absent?: true
}

/** A permanent one: nobody is asked for its MAC. */
export interface Neighbour {
  readonly kind: 'neighbour'
  readonly address: string
  readonly device: string
  /** null: there shall be none. */
  readonly mac: string | null
}

/**
 * In the network namespace of process `pid`. Every step is tried; the error is that of the first that failed.
 * @throws LinkMissing, NetworkRefused; TypeError for what is no name or address, before anything is done
 */
export type ConfigureNetwork = (pid: number, steps: readonly NetworkStep[]) => Promise<void>

export class LinkMissing extends Error {
  override readonly name = 'LinkMissing'
  readonly link: string
  constructor(link: string) {
    super(`there is no network link ${link}`)
    this.link = link
  }
}
