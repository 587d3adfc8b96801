/** The one stream of changes. Ids increase; a reader that comes back with the last id it saw misses nothing that is still kept. */

import { z } from 'zod'
import { Moment } from './scalars.ts'
import { VPS_STATES } from './states.ts'
import { Task } from './task.ts'

const about = { id: z.int(), at: Moment, vps: z.int().nullable() }
const state = z.enum(VPS_STATES)

export const Event = z
  .discriminatedUnion('kind', [
    z.object({ ...about, kind: z.literal('vps.created'), data: z.object({ name: z.string() }) }),
    z.object({
      ...about,
      kind: z.literal('vps.state'),
      data: z.object({ name: z.string(), from: state, to: state, problem: z.string().nullable() }),
    }),
    z.object({ ...about, kind: z.literal('vps.changed'), data: z.object({ name: z.string(), fields: z.array(z.string()) }) }),
    z.object({
      ...about,
      kind: z.literal('app.configured'),
      data: z.object({ name: z.string().describe('Of the VPS'), app: z.string(), problem: z.string().nullable() }),
    }),
    z.object({ ...about, kind: z.literal('vps.renamed'), data: z.object({ name: z.string(), previous: z.string() }) }),
    z.object({ ...about, kind: z.literal('vps.destroyed'), data: z.object({ name: z.string() }) }),
    z.object({ ...about, kind: z.literal('task'), data: Task }),
    z.object({ ...about, kind: z.literal('template.built'), data: z.object({ ref: z.string() }) }),
    z.object({ ...about, kind: z.literal('template.removed'), data: z.object({ ref: z.string() }) }),
    z.object({ ...about, kind: z.literal('volume.added'), data: z.object({ name: z.string() }) }),
    z.object({ ...about, kind: z.literal('volume.removed'), data: z.object({ name: z.string() }) }),
    z.object({
      ...about,
      kind: z.literal('node'),
      data: z.object({ subject: z.string().describe('"lxcfs", "keeper", ...'), message: z.string() }),
    }),
  ])
  .meta({ id: 'Event' })
export type Event = z.infer<typeof Event>
