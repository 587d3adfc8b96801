/** Any operation that takes time: durable, with progress, log, result and cancel. */

import { z } from 'zod'
import { ApiError } from './failure.ts'
import { Moment } from './scalars.ts'
import { TASK_STATES } from './states.ts'

export const Task = z
  .object({
    id: z.int(),
    kind: z.string().describe('"vps.create", "vps.start", "template.build", ...'),
    vps: z.int().nullable(),
    subject: z.string().describe('What it works on, for people: the name of a VPS or template'),
    state: z.enum(TASK_STATES),
    progress: z.object({ done: z.number(), total: z.number().nullable(), step: z.string() }).nullable(),
    createdAt: Moment,
    startedAt: Moment.nullable(),
    endedAt: Moment.nullable(),
    result: z.unknown().describe('null until it is done'),
    error: ApiError.nullable(),
    cancellable: z.boolean(),
  })
  .meta({ id: 'Task' })
export type Task = z.infer<typeof Task>

export const TaskAnswer = z.object({ task: Task }).meta({ id: 'TaskAnswer' })
export type TaskAnswer = z.infer<typeof TaskAnswer>

export const TaskLog = z.object({ lines: z.array(z.object({ at: Moment, text: z.string() })) }).meta({ id: 'TaskLog' })
export type TaskLog = z.infer<typeof TaskLog>
