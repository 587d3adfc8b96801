/** Routes of apps. */

import { z } from 'zod'
import { App, AppAdd, AppRemove, AppUpgrade, TaskSecrets, TemplateUsage } from './app.ts'
import { endpoints } from './endpoints.ts'
import { TemplateRef, Wait } from './scalars.ts'
import { TaskAnswer } from './task.ts'

const task = { response: TaskAnswer, status: 202 } as const

export const appRoutes = {
  appList: {
    ...endpoints.appList,
    summary: 'All versions of all apps',
    response: z.object({ apps: z.array(App) }),
    status: 200,
    errors: [],
  },
  appShow: {
    ...endpoints.appShow,
    summary: 'One version of an app; a name means its latest',
    params: z.strictObject({ app: TemplateRef }),
    response: z.object({ app: App }),
    status: 200,
    errors: ['not_found'],
  },
  appAdd: {
    ...endpoints.appAdd,
    summary: 'Add an app to VPSs, running or stopped; the result of the task is an AppResult',
    query: Wait,
    body: AppAdd,
    ...task,
    errors: ['not_found', 'conflict', 'cancelled'],
  },
  appUpgrade: {
    ...endpoints.appUpgrade,
    summary: 'Upgrade an app in VPSs, running or stopped; the result of the task is an AppResult',
    query: Wait,
    body: AppUpgrade,
    ...task,
    errors: ['not_found', 'conflict', 'cancelled'],
  },
  appRemove: {
    ...endpoints.appRemove,
    summary: 'Remove an app from VPSs, running or stopped; the result of the task is an AppResult',
    query: Wait,
    body: AppRemove,
    ...task,
    errors: ['not_found', 'conflict', 'cancelled'],
  },
  templateUsage: {
    ...endpoints.templateUsage,
    summary: 'Which VPSs use which versions of templates and apps',
    response: TemplateUsage,
    status: 200,
    errors: [],
  },
  taskSecrets: {
    ...endpoints.taskSecrets,
    summary: 'Take the secrets that a task made: they are given once, and kept nowhere else',
    params: z.strictObject({ task: z.coerce.number<number>().int().min(1) }),
    response: TaskSecrets,
    status: 200,
    errors: ['not_found'],
  },
} as const
