/** Every route of the API as a plain value. Handlers, the typed client and the OpenAPI document are made from this table. */

import { z } from 'zod'
import { appRoutes } from './app-routes.ts'
import { updateRoutes } from './update-routes.ts'
import { Boot } from './boot.ts'
import { DoctorReport } from './doctor.ts'
import { type Endpoint, type RouteName, endpoints } from './endpoints.ts'
import type { ErrorCode } from './errors.ts'
import { Health, NodeInfo } from './node.ts'
import { mountRoutes } from './mount-routes.ts'
import { quotaRoutes } from './quota-routes.ts'
import { snapshotRoutes } from './snapshot-routes.ts'
import { VpsRebase } from './relink.ts'
import { chosenBy } from './selection.ts'
import { QueryFlag, VpsRef, Wait } from './scalars.ts'
import { TASK_STATES, VPS_STATES } from './states.ts'
import { Task, TaskAnswer, TaskLog } from './task.ts'
import { templateRoutes } from './template-routes.ts'
import { Vps, VpsChange, VpsCreate, VpsRename, VpsStop } from './vps.ts'
import { volumeRoutes } from './volume-routes.ts'
import { vzfsRoutes } from './vzfs-routes.ts'

export interface Route extends Endpoint {
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  readonly response: z.ZodType
  /** Of an answer that is text and not JSON. */
  readonly media?: string
  /** Of the answer. 202: a task was started; with ?wait= and the task ended in time it is 200, with the same body. */
  readonly status: 200 | 202
  /** Besides invalid_request, denied, payload_too_large, unavailable and internal, which every route can answer. */
  readonly errors: readonly ErrorCode[]
}

const ofVps = z.strictObject({ vps: VpsRef })
const ofTask = z.strictObject({ task: z.coerce.number<number>().int().min(1) })
const task = { response: TaskAnswer, status: 202 } as const

export const routes = {
  nodeShow: { ...endpoints.nodeShow, summary: 'The node: kernel, volume, network', response: NodeInfo, status: 200, errors: [] },
  health: {
    ...endpoints.health,
    summary: 'Whether the processes of the node are well',
    response: Health,
    status: 200,
    errors: [],
  },

  vpsList: {
    ...endpoints.vpsList,
    summary: 'All VPSs, by id',
    query: z.strictObject({
      state: z.enum(VPS_STATES).optional(),
      name: z.string().max(32).optional().describe('Part of the name'),
      ...chosenBy,
      fresh: QueryFlag.optional().describe('What they use is looked at now; else it is of the last look, up to 10 seconds ago'),
    }),
    response: z.object({ vps: z.array(Vps) }),
    status: 200,
    errors: [],
  },
  vpsCreate: {
    ...endpoints.vpsCreate,
    summary: 'Create a VPS from an OS template',
    query: Wait,
    body: VpsCreate,
    ...task,
    errors: [
      'conflict',
      'address_in_use',
      'template_unknown',
      'exhausted',
      'no_space',
      'start_failed',
      'cancelled',
      'unsupported',
    ],
  },
  vpsShow: {
    ...endpoints.vpsShow,
    summary: 'One VPS, with what its private area takes',
    params: ofVps,
    response: z.object({ vps: Vps }),
    status: 200,
    errors: ['not_found'],
  },
  vpsChange: {
    ...endpoints.vpsChange,
    summary: 'Change settings and limits, at once when it runs',
    params: ofVps,
    query: Wait,
    body: VpsChange,
    ...task,
    errors: ['not_found', 'conflict', 'busy', 'address_in_use', 'exhausted', 'limit_below_use', 'unsupported'],
  },
  vpsDestroy: {
    ...endpoints.vpsDestroy,
    summary: 'Destroy a VPS and all its files',
    params: ofVps,
    query: z.strictObject({
      ...Wait.shape,
      force: QueryFlag.optional().describe('Also when it runs: it is stopped first. Also when its record is damaged: by its id'),
    }),
    ...task,
    errors: ['not_found', 'conflict', 'busy'],
  },
  vpsStart: {
    ...endpoints.vpsStart,
    summary: 'Start a VPS',
    params: ofVps,
    query: Wait,
    ...task,
    errors: ['not_found', 'conflict', 'busy', 'address_in_use', 'start_failed', 'no_space', 'unsupported', 'cancelled'],
  },
  vpsBoot: {
    ...endpoints.vpsBoot,
    summary: 'How far the system inside is; with ?wait=, answered when it has booted or that long after',
    params: ofVps,
    query: z.strictObject({ wait: Wait.shape.wait.describe('Seconds to wait for the end of its boot') }),
    response: z.object({ boot: Boot }),
    status: 200,
    errors: ['not_found', 'conflict'],
  },
  vpsStop: {
    ...endpoints.vpsStop,
    summary: 'Ask its init to shut down, then kill what still runs',
    params: ofVps,
    query: Wait,
    body: VpsStop,
    ...task,
    errors: ['not_found', 'conflict', 'busy'],
  },
  vpsRestart: {
    ...endpoints.vpsRestart,
    summary: 'Stop and start a VPS',
    params: ofVps,
    query: Wait,
    body: VpsStop,
    ...task,
    errors: ['not_found', 'conflict', 'busy', 'address_in_use', 'start_failed', 'cancelled'],
  },
  vpsSuspend: {
    ...endpoints.vpsSuspend,
    summary: 'Freeze all processes of a VPS where they are',
    params: ofVps,
    query: Wait,
    ...task,
    errors: ['not_found', 'conflict', 'busy'],
  },
  vpsResume: {
    ...endpoints.vpsResume,
    summary: 'Let a suspended VPS run on',
    params: ofVps,
    query: Wait,
    ...task,
    errors: ['not_found', 'conflict', 'busy'],
  },
  vpsRename: {
    ...endpoints.vpsRename,
    summary: 'Give a VPS another name',
    params: ofVps,
    query: Wait,
    body: VpsRename,
    ...task,
    errors: ['not_found', 'conflict', 'busy'],
  },
  ...quotaRoutes,
  ...snapshotRoutes,
  ...mountRoutes,
  vpsRebase: {
    ...endpoints.vpsRebase,
    summary: 'Move a stopped VPS to another template or another version of its own',
    params: ofVps,
    query: Wait,
    body: VpsRebase,
    ...task,
    errors: ['not_found', 'conflict', 'busy', 'template_unknown', 'no_space', 'cancelled'],
  },
  vpsLog: {
    ...endpoints.vpsLog,
    summary: "The scrollback of a VPS's console",
    params: ofVps,
    response: z.object({ text: z.string() }),
    status: 200,
    errors: ['not_found', 'conflict'],
  },

  ...templateRoutes,
  ...appRoutes,
  ...updateRoutes,
  ...vzfsRoutes,
  ...volumeRoutes,

  taskList: {
    ...endpoints.taskList,
    summary: 'Tasks, latest first',
    query: z.strictObject({
      state: z.enum(TASK_STATES).optional(),
      vps: VpsRef.optional(),
      limit: z.coerce.number<number>().int().min(1).max(1000).optional().describe('100 when absent'),
    }),
    response: z.object({ tasks: z.array(Task) }),
    status: 200,
    errors: ['not_found'],
  },
  taskShow: {
    ...endpoints.taskShow,
    summary: 'One task; with ?wait=, answered when it has ended or that long after',
    params: ofTask,
    query: Wait,
    response: TaskAnswer,
    status: 200,
    errors: ['not_found'],
  },
  taskCancel: {
    ...endpoints.taskCancel,
    summary: 'Stop a task and take back what it did',
    params: ofTask,
    query: Wait,
    ...task,
    errors: ['not_found', 'conflict'],
  },
  taskLog: {
    ...endpoints.taskLog,
    summary: 'What a task wrote',
    params: ofTask,
    response: TaskLog,
    status: 200,
    errors: ['not_found'],
  },

  doctor: { ...endpoints.doctor, summary: 'Look for what is wrong', response: DoctorReport, status: 200, errors: [] },
  doctorRepair: { ...endpoints.doctorRepair, summary: 'Put right what can be', query: Wait, ...task, errors: ['busy'] },
  recover: {
    ...endpoints.recover,
    summary: 'Rebuild the database from the records in private areas',
    query: Wait,
    ...task,
    errors: ['busy'],
  },

  metrics: {
    ...endpoints.metrics,
    summary: 'Figures of the node and its VPSs for a monitoring system, as OpenMetrics text',
    response: z.string(),
    media: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    status: 200,
    errors: [],
  },

  openapi: {
    ...endpoints.openapi,
    summary: 'This API as an OpenAPI document',
    response: z.record(z.string(), z.unknown()),
    status: 200,
    errors: [],
  },
} as const satisfies Readonly<Record<RouteName, Route>>
