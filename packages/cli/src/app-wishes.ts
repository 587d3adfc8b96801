/** Apps that a VPS is created with, and values of their parameters. */

import { UsageError } from './command.ts'

export interface Assignment {
  /** null: there is only one app. */
  readonly app: string | null
  readonly name: string
  readonly value: string
}

export function assignment(text: string): Assignment {
  const [, app = null, name, value] = /^(?:([a-z0-9][a-z0-9-]*)\.)?([a-z][a-z0-9-]{0,40})=(.*)$/s.exec(text) ?? []
  if (name !== undefined && value !== undefined) return { app, name, value }
  throw new UsageError(`takes a parameter and its value, as in port=8080 or nginx.port=8080, not '${text}'`)
}

export interface AppWish {
  readonly app: string
  readonly parameters: Record<string, string>
}

/** @throws UsageError when a value is of no app, or could be of several */
export function appsOf(apps: readonly string[], values: readonly Assignment[]): AppWish[] {
  const wishes = apps.map((app) => ({ app, parameters: {} as Record<string, string> }))
  const nameOf = ({ app }: AppWish): string => app.split('@')[0] ?? app
  for (const { app, name, value } of values) {
    const wish = app === null ? (wishes.length === 1 ? wishes[0] : undefined) : wishes.find((one) => nameOf(one) === app)
    if (wish === undefined)
      throw new UsageError(
        app === null
          ? `takes the name of an app before ${name}, as there are several: --set ${wishes.map(nameOf)[0] ?? 'APP'}.${name}=...`
          : `there is no --app ${app} that --set ${app}.${name} could be of`,
      )
    wish.parameters[name] = value
  }
  return wishes
}
