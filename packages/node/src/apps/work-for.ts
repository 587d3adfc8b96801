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

/** Of what programs in one VPS say, which its tenant may have replaced, so much is kept in the task's log. */
const MOST_LINES = 5_000
const MOST_BYTES = 1 << 20

/** The last line says that there was more. */
export function within(log: (line: string) => void, { lines = MOST_LINES, bytes = MOST_BYTES } = {}): (line: string) => void {
  let [leftLines, leftBytes] = [lines, bytes]
  return (line) => {
    if (leftLines < 0 || leftBytes < 0) return
    leftLines -= 1
    leftBytes -= Buffer.byteLength(line)
    log(leftLines < 0 || leftBytes < 0 ? 'there was more, which is left out' : line)
  }
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
    onLine: within((line) => log(`${name}: ${line}`)),
    step: (step) => {
      log(`${name}: ${app.name}: ${step}`)
      progress(`${name}: ${app.name}: ${step}`)
    },
    signal,
  }
}
