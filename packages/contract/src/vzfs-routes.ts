/** Routes of the volume as a whole. */

import { endpoints } from './endpoints.ts'
import { VzfsRelink } from './relink.ts'
import { Wait } from './scalars.ts'
import { TaskAnswer } from './task.ts'
import { ResidencyQuery, VzfsCheck, VzfsDf, VzfsGc, VzfsResidency } from './vzfs.ts'

const task = { response: TaskAnswer, status: 202 } as const

export const vzfsRoutes = {
  vzfsRelink: {
    ...endpoints.vzfsRelink,
    summary: 'Relink stopped VPSs; those that run are relinked when they stop or start next',
    query: Wait,
    body: VzfsRelink,
    ...task,
    errors: ['not_found', 'no_space', 'cancelled'],
  },
  vzfsDf: {
    ...endpoints.vzfsDf,
    summary: 'What VPSs, templates and the volume take, share and save on disk',
    response: VzfsDf,
    status: 200,
    errors: [],
  },
  vzfsResidency: {
    ...endpoints.vzfsResidency,
    summary: 'What of templates is in RAM, and for how many VPSs',
    query: ResidencyQuery,
    response: VzfsResidency,
    status: 200,
    errors: ['not_found'],
  },
  vzfsCheck: {
    ...endpoints.vzfsCheck,
    summary: 'Look for damage on the volume, and put it right; the result of the task is a VzfsCheckResult',
    query: Wait,
    body: VzfsCheck,
    ...task,
    errors: ['busy', 'no_space', 'cancelled'],
  },
  vzfsGc: {
    ...endpoints.vzfsGc,
    summary: 'Delete contents that nothing names; the result of the task is a VzfsGcResult',
    query: Wait,
    body: VzfsGc,
    ...task,
    errors: ['busy', 'conflict', 'cancelled'],
  },
} as const
