/**
 * VPSs that run and that the database does not know. What they use is nobody else's to have: of their addresses the node's routes tell, as long as
 * they run. Only a daemon that begins can find some, for afterwards nothing is started that has no record.
 */

import type { Links } from '@insula/kernel'
import type { Inventory } from './inventory.ts'
import type { Keeper } from './keeper/keeper.ts'
import { linkName, type Wires } from './life/network.ts'

export interface Strays {
  /** Looks again. Their addresses by id. */
  look(): Promise<ReadonlyMap<number, readonly string[]>>
  /** Looks again if there were any. */
  lookAgain(): Promise<void>
  /** As of the last look; without those that a record was found for since. */
  all(): ReadonlyMap<number, readonly string[]>
}

export interface StraysNeed {
  readonly keeper: Pick<Keeper, 'list'>
  readonly links: Pick<Links, 'networks'>
  readonly inventory: Pick<Inventory, 'get'>
  readonly wires: Wires
}

export function openStrays({ keeper, links, inventory, wires }: StraysNeed): Strays {
  let found = new Map<number, readonly string[]>()
  const look = async (): Promise<ReadonlyMap<number, readonly string[]>> => {
    const ids = (await keeper.list()).map(({ id }) => Number(id)).filter((id) => !inventory.get(id))
    const networks = ids.length === 0 ? [] : await links.networks()
    found = new Map(ids.map((id) => [id, addressesOn(networks, linkName(wires, id))]))
    return found
  }
  return {
    look,
    async lookAgain() {
      if (found.size > 0) await look()
    },
    all: () => new Map([...found].filter(([id]) => !inventory.get(id))),
  }
}

const addressesOn = (networks: readonly { readonly cidr: string; readonly device: string }[], link: string): string[] =>
  networks.flatMap(({ cidr, device }) => (device === link && cidr.endsWith('/32') ? [cidr.slice(0, -'/32'.length)] : []))
