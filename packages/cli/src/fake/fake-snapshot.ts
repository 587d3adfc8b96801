/** Snapshots and clones, as the pretended node answers. */

import { ApiFailure, type Snapshot, type SnapshotCreate, type Vps, type VpsClone } from '@insula/contract'
import { EPOCH, type FakeState } from './fake-state.ts'
import { task } from './fake-task.ts'

type Names = 'snapshotList' | 'snapshotCreate' | 'snapshotRemove' | 'snapshotRollback' | 'vpsClone'

export async function snapshotAnswer(state: FakeState, name: Names, vps: Vps, body: object, wait: number): Promise<unknown> {
  const run = (kind: string, result: unknown = null) =>
    task(state, kind, vps.id, vps.name, wait, () => void Object.assign(state.tasks.at(-1) ?? {}, { result }))
  switch (name) {
    case 'snapshotList':
      return { snapshots: [snapshot('daily', { comment: 'before the upgrade' }), snapshot('old', { expiresAt: EPOCH })] }
    case 'snapshotCreate':
      return run('snapshot.create', snapshot((body as SnapshotCreate).name ?? 'by-time'))
    case 'snapshotRemove':
      return run('snapshot.remove')
    case 'snapshotRollback':
      if (vps.state === 'running') throw new ApiFailure({ code: 'conflict', message: `${vps.name} is running` })
      return run('snapshot.rollback', { before: 'before-rollback-x' })
    case 'vpsClone':
      return clone(state, vps, body as VpsClone, wait)
    default:
      throw new ApiFailure({ code: 'unsupported', message: `the fake node has no ${String(name)}` })
  }
}

function clone(state: FakeState, original: Vps, { name, addresses }: VpsClone, wait: number): Promise<unknown> {
  const id = Math.max(...state.vps.keys()) + 1
  return task(state, 'vps.clone', original.id, name, wait, () => {
    const taken = (addresses ?? original.addresses.map(() => 'auto')).map((one) => (one === 'auto' ? `10.77.0.${id}` : one))
    state.vps.set(id, { ...original, id, name, hostname: name, addresses: taken })
  })
}

const snapshot = (name: string, fields: Partial<Snapshot> = {}): Snapshot => ({
  name,
  cause: 'asked',
  comment: null,
  createdAt: EPOCH,
  expiresAt: null,
  template: 'debian-12@2026-01-01.1',
  bytes: 5_000_000,
  inodes: 120,
  ...fields,
})
