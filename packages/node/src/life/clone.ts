/** A VPS comes into being as a copy of another: whole or not at all, with host ids, addresses and an identity of its own. */

import type { VpsClone } from '@insula/contract'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { requirePresent } from '../volumes/choice.ts'
import { admitAs } from './admission.ts'
import { bringIntoBeing } from './create.ts'
import { cpuSetFor } from './cpu-set.ts'
import { takeIdentity } from './identity.ts'
import { requireLegal } from './legality.ts'
import { copying, LINKS_OF_THEN, copyingLayers, recordOf, requireSnapshot } from './snapshot.ts'

/** The record of the clone, with its name, id, addresses and host ids taken. @throws ApiFailure */
export async function admitClone(means: Means, original: VpsRecord, request: VpsClone): Promise<VpsRecord> {
  const doing = `cannot clone VPS "${original.name}" as "${request.name}"`
  if (request.snapshot !== undefined) await requireSnapshot(means, original, request.snapshot)
  const then = request.snapshot === undefined ? original : ((await recordOf(means, original.id, request.snapshot)) ?? original)
  const volume = requirePresent(means, doing, request.volume ?? original.volume)
  const addresses = request.addresses ?? original.addresses.map(() => 'auto')
  return admitAs(means, doing, { name: request.name, id: request.id, addresses }, (taken) => ({
    ...original,
    ...taken,
    hostname: request.hostname ?? request.name,
    template: then.template,
    layers: then.layers,
    volume,
    init: then.init,
    cpuSet: cpuSetFor(means, taken.id, original.limits.cpus),
    onboot: request.onboot ?? false,
    snapshots: null,
    snapshotsSince: null,
    ...(request.snapshot === undefined || original.share === 'all' ? {} : LINKS_OF_THEN),
  }))
}

/** Makes it; takes everything back when that fails. In the turn of the original. */
export const makeClone = (
  means: Means,
  originalId: number,
  snapshot: string | null,
  { id }: VpsRecord,
  work: Pick<TaskContext, 'signal' | 'progress' | 'log'>,
): Promise<VpsRecord> =>
  bringIntoBeing(means, id, async (record) => {
    work.signal.throwIfAborted()
    const original = means.inventory.get(originalId)
    if (!original) throw failure('not_found', `there is no VPS ${originalId} any more`)
    if (snapshot === null) {
      requireLegal('clone', original, originalId)
      await means.mounted.requireUnchanging(originalId, `cannot clone VPS "${original.name}"`)
    }
    work.progress('copy')
    const wish = {
      id,
      base: record.base,
      record: { ...record, state: 'stopped' },
      adapt: async (plan: Parameters<typeof means.areaView>[0]) => {
        for (const line of await means.areaView(plan, record.base, (root) => takeIdentity(root, record.base))) work.log(line)
      },
    }
    const source = { id: originalId, snapshot }
    await means.vzfs.clone(record.volume, source, wish, { ...copying(work), ...copyingLayers(work) })
  })
