/** Routes of volumes, and of VPSs that move between them. */

import { z } from 'zod'
import { endpoints } from './endpoints.ts'
import { VolumeName, VpsRef, Wait } from './scalars.ts'
import { TaskAnswer } from './task.ts'
import { VolumeAdd, VolumeChange, VolumeList, VpsMove } from './volume.ts'

const task = { response: TaskAnswer, status: 202 } as const

export const volumeRoutes = {
  volumeList: {
    ...endpoints.volumeList,
    summary: 'The volumes of the node, the first one first',
    response: VolumeList,
    status: 200,
    errors: [],
  },
  volumeAdd: {
    ...endpoints.volumeAdd,
    summary: 'Add a volume: a directory on a file system, or a file that holds one',
    query: Wait,
    body: VolumeAdd,
    ...task,
    errors: ['conflict', 'busy', 'not_found', 'unsupported', 'no_space'],
  },
  volumeChange: {
    ...endpoints.volumeChange,
    summary: 'Change how long the VPSs of a volume may exceed their soft disk limits',
    params: z.strictObject({ volume: VolumeName }),
    body: VolumeChange,
    response: VolumeList,
    status: 200,
    errors: ['not_found', 'unsupported'],
  },
  volumeRemove: {
    ...endpoints.volumeRemove,
    summary: 'Remove a volume on which no VPS lies, with what VZFS made on it',
    params: z.strictObject({ volume: VolumeName }),
    query: Wait,
    ...task,
    errors: ['not_found', 'conflict', 'busy'],
  },
  vpsMove: {
    ...endpoints.vpsMove,
    summary: 'Move a stopped VPS, with its snapshots, to another volume',
    params: z.strictObject({ vps: VpsRef }),
    query: Wait,
    body: VpsMove,
    ...task,
    errors: ['not_found', 'conflict', 'busy', 'no_space', 'cancelled'],
  },
} as const
