/** A new VPS gets a name, an id, host ids and addresses that nobody else has. */

import { nextIdRange, nextVpsId } from '@insula/model'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { assignAddresses, routedElsewhere } from './addresses.ts'

/** So many VPSs fit into an instance's range of host ids. */
const RANGES = 2_048

export interface Admitted extends Pick<
  VpsRecord,
  'id' | 'name' | 'base' | 'addresses' | 'state' | 'createdAt' | 'startedAt' | 'pid' | 'lastExit' | 'problem' | 'held' | 'waits'
> {}

export interface Asked {
  readonly name: string
  readonly id?: number | undefined
  readonly addresses: readonly string[]
}

/** @param doing "cannot create VPS web" @param make the whole record, at once @throws ApiFailure */
export async function admitAs(
  means: Means,
  doing: string,
  asked: Asked,
  make: (admitted: Admitted) => VpsRecord,
): Promise<VpsRecord> {
  const { inventory, config, instance } = means
  means.lostAreas.requireNone(doing)
  await means.strays.lookAgain()
  const routed = await routedElsewhere(means)
  // From here to `add` nothing is awaited: of two requests at once the second sees what the first has taken.
  if (inventory.byName(asked.name))
    throw failure('conflict', `${doing}: the name is taken`, 'choose another name, or destroy the VPS that has it')
  const taken = new Set([...inventory.ids(), ...means.lostAreas.ids()])
  if (asked.id !== undefined && taken.has(asked.id))
    throw failure('conflict', `${doing}: the id ${asked.id} is taken`, 'leave --id out to get the next free one')
  const base = nextIdRange(config.idRangeStart ?? instance.idRangeStart, RANGES, [
    ...inventory.bases(),
    ...means.lostAreas.bases(),
    ...means.vzfs.leavingBases(),
  ])
  if (base === null)
    throw failure(
      'exhausted',
      `${doing}: all ${RANGES} ranges of host ids are given away`,
      'destroy VPSs that are not needed, or use another node',
    )
  const id = asked.id ?? nextVpsId(taken)
  const record = make({
    id,
    name: asked.name,
    base,
    addresses: assignAddresses(means, doing, id, routed, asked.addresses),
    state: 'creating',
    createdAt: new Date().toISOString(),
    startedAt: null,
    pid: null,
    lastExit: null,
    problem: null,
    held: false,
    waits: false,
  })
  await inventory.add(record)
  return record
}
