/** A failure on its way out: said on stderr, with what to do about it, and turned into an exit code. */

import { ApiFailure } from '@insula/contract/api-failure'
import { INSTANCE_ENV } from '@insula/contract/paths'
import { type AnyCommand, UsageError } from './command.ts'
import type { Context } from './context.ts'
import type { OwnOutput } from './own-output.ts'
import { shown } from './shown.ts'
import { nameSuggestion } from './suggest.ts'
import { instanceOption } from './transport/refused.ts'
import { usageFailure } from './usage-failure.ts'

export interface ReportOptions {
  /** undefined: there was none yet. */
  readonly context: Context | undefined
  readonly output: OwnOutput
  readonly json: boolean
}

export async function report(error: unknown, command: AnyCommand, { context, output, json }: ReportOptions): Promise<number> {
  const write = (text: string) => void output.stderr().write(shown(`${text}\n`))
  if (error instanceof UsageError) {
    if (json) {
      write(JSON.stringify(usageFailure(`insula ${command.name}`, error.message)))
      return 2
    }
    const { usageOf } = await import('./explain.ts')
    write(
      `insula ${command.name}: ${error.message}\nUsage: insula ${command.name} ${usageOf(command)}\nSee \`insula ${command.name} --help\`.`,
    )
    return 2
  }
  if (!(error instanceof ApiFailure)) {
    const message = `insula ${command.name}: a fault of insula itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
    write(json ? JSON.stringify({ error: { code: 'internal', message } }) : message)
    return 70
  }
  if (json) write(JSON.stringify({ error }))
  else write(await sentences(error, context))
  return error.exit
}

/** One line per thing to know: what failed, each refused field, what to do. */
export async function sentences(failure: ApiFailure, context: Context | undefined): Promise<string> {
  const suggestion = context === undefined ? undefined : await nameSuggestion(failure, context)
  const remedy = suggestion ?? failure.remedy
  return [
    `insula: ${failure.message}`,
    ...failure.details
      // The message of a single fault says it already.
      .filter(({ message }) => !failure.message.endsWith(message))
      .map(({ path, message }) => `${path === '' ? '' : `${path}: `}${message}`)
      .map((detail) => `  ${detail}`),
    ...(remedy === undefined ? [] : [`  ${forInstance(remedy, context)}`]),
  ].join('\n')
}

/** Commands that it names are for the node that was asked, when the environment does not say which. */
function forInstance(remedy: string, context: Context | undefined): string {
  if (context === undefined || context.env[INSTANCE_ENV] === context.instance) return remedy
  return remedy.includes('--instance')
    ? remedy
    : remedy.replaceAll(/\binsula (?=[a-z])/g, `insula${instanceOption(context.instance)} `)
}
