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

/**
 * Scripts may show what they do, and services what they do not understand: secrets are not in what people hear of it. What programs read is as it was: a
 * password may be the name of a package.
 */
export function withoutSecrets(inside: Inside, { parameters }: Pick<App, 'parameters'>, values: Values): Inside {
  const secrets = Object.entries(values).flatMap(([name, value]) => (parameters[name]?.type === 'secret' ? [value] : []))
  if (secrets.length === 0) return inside
  const hide = (text: string): string => secrets.reduce((left, secret) => left.replaceAll(secret, '(secret)'), text)
  return {
    async run(argv, options = {}) {
      const { onLine } = options
      const heard = onLine === undefined ? options : { ...options, onLine: (line: string) => onLine(hide(line)) }
      const end = await inside.run(argv, heard)
      return { ...end, tail: end.tail.map(hide) }
    },
  }
}

export function workFor(
  { apps }: Pick<Means, 'apps'>,
  { vps: { id, name, addresses }, app, ...wish }: WorkWish,
  { signal, log, progress }: Omit<AppContext, 'id'>,
): Work {
  return {
    ...wish,
    inside: withoutSecrets(wish.inside, app, wish.values),
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
