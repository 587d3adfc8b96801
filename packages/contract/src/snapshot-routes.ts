/** Routes of snapshots and clones. */

import { z } from 'zod'
import { endpoints } from './endpoints.ts'
import { VpsRef, Wait } from './scalars.ts'
import { Snapshot, SnapshotCreate, SnapshotName, VpsClone } from './snapshot.ts'
import { TaskAnswer } from './task.ts'

const ofVps = z.strictObject({ vps: VpsRef })
const ofSnapshot = z.strictObject({ vps: VpsRef, snapshot: SnapshotName })
const task = { response: TaskAnswer, status: 202 } as const

export const snapshotRoutes = {
  snapshotList: {
    ...endpoints.snapshotList,
    summary: 'The snapshots of a VPS, oldest first',
    params: ofVps,
    response: z.object({ snapshots: z.array(Snapshot) }),
    status: 200,
    errors: ['not_found'],
  },
  snapshotCreate: {
    ...endpoints.snapshotCreate,
    summary: 'Make a snapshot of all private files of a VPS, of one moment',
    params: ofVps,
    query: Wait,
    body: SnapshotCreate,
    ...task,
    errors: ['not_found', 'conflict', 'busy', 'no_space', 'unsupported', 'cancelled'],
  },
  snapshotRemove: {
    ...endpoints.snapshotRemove,
    summary: 'Remove a snapshot',
    params: ofSnapshot,
    query: Wait,
    ...task,
    errors: ['not_found', 'busy'],
  },
  snapshotRollback: {
    ...endpoints.snapshotRollback,
    summary:
      'Bring the private files of a stopped VPS back to what they were; what they are now is kept as a snapshot for a week',
    params: ofSnapshot,
    query: Wait,
    ...task,
    errors: ['not_found', 'conflict', 'busy', 'no_space', 'cancelled'],
  },
  vpsClone: {
    ...endpoints.vpsClone,
    summary: 'Create a VPS as a copy of another, with addresses, host ids and an identity of its own',
    params: ofVps,
    query: Wait,
    body: VpsClone,
    ...task,
    errors: ['not_found', 'conflict', 'busy', 'address_in_use', 'exhausted', 'no_space', 'cancelled'],
  },
} as const
