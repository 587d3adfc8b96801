/** What the installer is given for one app in one VPS. */

import type { App, AppOnSystem, Inside, Values, Work } from '@insula/templates'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import type { TaskContext } from '../tasks/engine.ts'

export type AppContext = Pick<TaskContext, 'id' | 'signal' | 'log' | 'progress'>

export interface WorkWish {
  readonly inside: Inside
  readonly app: App
  readonly system: AppOnSystem
  readonly vps: Pick<VpsRecord, 'id' | 'name' | 'addresses'>
  readonly values: Values
}

export function workFor(
  { apps }: Pick<Means, 'apps'>,
  { vps: { id, name, addresses }, app, ...wish }: WorkWish,
  { signal, log, progress }: Omit<AppContext, 'id'>,
): Work {
  return {
    ...wish,
    app,
    vps: { id, name, addresses },
    contents: (path) => apps.contents(app.ref, path),
    onLine: (line) => log(`${name}: ${line}`),
    step: (step) => {
      log(`${name}: ${app.name}: ${step}`)
      progress(`${name}: ${app.name}: ${step}`)
    },
    signal,
  }
}
