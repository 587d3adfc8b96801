/** Snapshots of a VPS, and clones. */

import { failure } from '../failures.ts'
import { admitClone, makeClone } from '../life/clone.ts'
import { uncreate } from '../life/create.ts'
import { requireLegal } from '../life/legality.ts'
import { makeSnapshot, nameBefore, nameFor, removeSnapshot, requireShort, requireSnapshot, rollBack } from '../life/snapshot.ts'
import type { Means } from '../means.ts'
import { presentSnapshot } from '../present.ts'
import type { VpsRecord } from '../record.ts'
import type { Handlers } from './handlers.ts'
import type { RunTask } from './run-task.ts'

type Names = 'snapshotList' | 'snapshotCreate' | 'snapshotRemove' | 'snapshotRollback' | 'vpsClone'

export function snapshotHandlers(means: Means, run: RunTask, shown: (record: VpsRecord) => unknown): Pick<Handlers, Names> {
  const { inventory, tasks, vzfs } = means
  return {
    snapshotList: async ({ params }) => {
      const { id } = inventory.find(params.vps)
      const snapshots = await vzfs.snapshots.list(id)
      const records = await Promise.all(snapshots.map(({ name }) => vzfs.snapshots.record(id, name).catch(() => null)))
      return { snapshots: snapshots.map((one, index) => presentSnapshot(one, records[index])) }
    },

    snapshotCreate: async ({ params, query, body }) => {
      const vps = inventory.find(params.vps)
      const there = (await vzfs.snapshots.list(vps.id)).map((one) => one.name)
      const name = body.name ?? nameFor(new Date(), there)
      if (!tasks.busy(vps.id)) {
        requireLegal('snapshot', vps, params.vps)
        await requireShort(means, vps, body.suspend)
      }
      const doing = `cannot make snapshot "${name}" of VPS "${vps.name}"`
      if (there.includes(name))
        throw failure('conflict', `${doing}: there is one of that name`, 'choose another name, or remove that one')
      const spec = { kind: 'snapshot.create', vps: vps.id, subject: vps.name, params: { name }, doing, cancellable: true }
      return run(spec, query, async (work) => {
        const made = await makeSnapshot(means, vps.id, { ...body, name }, 'asked', work)
        return presentSnapshot(made, await vzfs.snapshots.record(vps.id, name))
      })
    },

    snapshotRemove: async ({ params, query }) => {
      const vps = inventory.find(params.vps)
      const name = params.snapshot
      await requireSnapshot(means, vps, name)
      const doing = `cannot remove snapshot "${name}" of VPS "${vps.name}"`
      const spec = { kind: 'snapshot.remove', vps: vps.id, subject: vps.name, params: { name }, doing }
      return run(spec, query, () => removeSnapshot(means, vps.id, name))
    },

    snapshotRollback: async ({ params, query }) => {
      const vps = inventory.find(params.vps)
      const name = params.snapshot
      if (!tasks.busy(vps.id)) requireLegal('rollback', vps, params.vps)
      await requireSnapshot(means, vps, name)
      const before = nameBefore()
      const doing = `cannot roll VPS "${vps.name}" back to snapshot "${name}"`
      const spec = {
        kind: 'snapshot.rollback',
        vps: vps.id,
        subject: vps.name,
        params: { name, before },
        doing,
        cancellable: true,
      }
      return run(spec, query, async (work) => {
        await rollBack(means, vps.id, name, before, work)
        return { before }
      })
    },

    vpsClone: async ({ params, query, body }) => {
      const original = inventory.find(params.vps)
      if (body.snapshot === undefined && !tasks.busy(original.id)) requireLegal('clone', original, params.vps)
      const record = await admitClone(means, original, body)
      // In the turn of the original: the new one is being created, which keeps everybody away from it.
      const spec = {
        kind: 'vps.clone',
        vps: original.id,
        subject: record.name,
        params: { clone: record.id },
        doing: `cannot clone VPS "${original.name}" as "${record.name}"`,
        cancellable: true,
      }
      try {
        return await run(spec, query, async (work) =>
          shown(await makeClone(means, original.id, body.snapshot ?? null, record, work)),
        )
      } catch (error) {
        if (inventory.get(record.id)?.state === 'creating') await uncreate(means, record.id)
        throw error
      }
    },
  }
}
