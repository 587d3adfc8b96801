/** Routes of mounts of stopped VPSs. */

import { z } from 'zod'
import { endpoints } from './endpoints.ts'
import { VpsMount, VpsMounted } from './mount.ts'
import { VpsRef, Wait } from './scalars.ts'
import { TaskAnswer } from './task.ts'

const ofVps = z.strictObject({ vps: VpsRef })
const task = { response: TaskAnswer, status: 202 } as const

export const mountRoutes = {
  vpsMount: {
    ...endpoints.vpsMount,
    summary: 'Mount the files of a stopped VPS on the node; the result of the task is a VpsMounted',
    params: ofVps,
    query: Wait,
    body: VpsMount,
    ...task,
    errors: ['not_found', 'conflict', 'busy', 'no_space', 'unsupported'],
  },
  vpsUnmount: {
    ...endpoints.vpsUnmount,
    summary: 'Unmount them; the result of the task is a VpsMounted',
    params: ofVps,
    query: Wait,
    ...task,
    errors: ['not_found', 'conflict', 'busy'],
  },
  vzfsMounts: {
    ...endpoints.vzfsMounts,
    summary: 'What is mounted so',
    response: z.object({ mounts: z.array(VpsMounted) }),
    status: 200,
    errors: [],
  },
} as const
