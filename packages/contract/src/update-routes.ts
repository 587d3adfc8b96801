/** Routes of updates. */

import { z } from 'zod'
import { endpoints } from './endpoints.ts'
import { Wait } from './scalars.ts'
import { TaskAnswer } from './task.ts'
import { UpdateApply, UpdateStatus } from './update.ts'

export const updateRoutes = {
  updateStatus: {
    ...endpoints.updateStatus,
    summary: 'For which VPSs a later version of their OS template is there',
    response: z.object({ updates: z.array(UpdateStatus) }),
    status: 200,
    errors: [],
  },
  updateApply: {
    ...endpoints.updateApply,
    summary: 'Update VPSs to the latest version of their OS template; the result of the task is an AppResult',
    query: Wait,
    body: UpdateApply,
    response: TaskAnswer,
    status: 202,
    errors: ['not_found', 'conflict', 'no_space', 'cancelled'],
  },
} as const
