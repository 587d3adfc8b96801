/** From the words of the command line to an exit code. */

import { DEFAULT_INSTANCE, INSTANCE_ENV, isInstanceName } from '@insula/contract/paths'
import { type AnyCommand, UsageError, everywhere } from './command.ts'
import { catalog, groups } from './catalog.ts'
import type { Context } from './context.ts'
import { contextOf } from './context-of.ts'
import { type OwnProcess, ownProcess } from './own-process.ts'
import { type Scanned, scan } from './scan.ts'

export async function run(given: readonly string[], own: OwnProcess = ownProcess()): Promise<number> {
  try {
    return await runWords(given, own)
  } finally {
    await own.output.flush()
  }
}

async function runWords(given: readonly string[], own: OwnProcess): Promise<number> {
  const words = given[0] === '--version' || given[0] === '-V' ? ['version', ...given.slice(1)] : given
  const { name, rest } = findCommand(words)
  const load = Object.hasOwn(catalog, name) ? catalog[name] : undefined
  if (load === undefined) return (await import('./explain.ts')).explain(words, own.output)
  const command = await load()
  const runHere = (found: AnyCommand, said: Scanned): Promise<number> => runScanned(found, said, own)
  const scanned = scan(command.arguments, { ...everywhere, ...command.options }, rest)
  if (scanned === null) return (await import('./explain.ts')).explain([...name.split(' '), ...rest], own.output, runHere)
  return runHere(command, scanned)
}

async function runScanned(command: AnyCommand, scanned: Scanned, own: OwnProcess): Promise<number> {
  let context: Context | undefined
  try {
    const { args, options } = typed(command, scanned)
    context = contextOf(own, instanceName(options['instance'] ?? (own.env[INSTANCE_ENV] || undefined)))
    return (await command.run(context, { args, options } as Parameters<AnyCommand['run']>[1])) ?? 0
  } catch (error) {
    return (await import('./report.ts')).report(error, command, {
      context,
      output: own.output,
      json: scanned.options['json'] === true,
    })
  }
}

/** Options before the command's name belong to it as if they followed it. */
export function findCommand(words: readonly string[]): { name: string; rest: readonly string[] } {
  let at = 0
  while (at < words.length && (words[at] as string).startsWith('-')) at += words[at] === '--instance' ? 2 : 1
  const isGroup = (length: number): boolean => Object.hasOwn(groups, words.slice(at, at + length).join(' '))
  const length = isGroup(2) ? 3 : isGroup(1) ? 2 : 1
  return { name: words.slice(at, at + length).join(' '), rest: [...words.slice(0, at), ...words.slice(at + length)] }
}

/** Words to values: arguments by name, options through their own parsers, switches that were not given false. */
export function typed(
  command: Pick<AnyCommand, 'arguments' | 'options'>,
  scanned: Scanned,
): { args: Record<string, unknown>; options: Record<string, unknown> } {
  const args: Record<string, unknown> = {}
  for (const [at, [name, spec]] of Object.entries(command.arguments).entries()) {
    args[name] = spec.many || spec.rest ? scanned.args.slice(at) : scanned.args[at]
  }
  const options: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries({ ...everywhere, ...command.options })) {
    const given = scanned.options[name]
    const parse = spec.parse ?? ((text: string) => text)
    if (spec.value === undefined) options[name] = given ?? (spec.negatable ? undefined : false)
    else if (spec.many) options[name] = ((given ?? []) as readonly string[]).map((text) => named(name, parse, text))
    else options[name] = given === undefined ? undefined : named(name, parse, given as string)
  }
  return { args, options }
}

function named(name: string, parse: (text: string) => unknown, text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`--${name} ${error.message}`, { cause: error })
    throw error
  }
}

function instanceName(given: unknown): string {
  const name = typeof given === 'string' ? given : DEFAULT_INSTANCE
  if (!isInstanceName(name)) {
    throw new UsageError(
      `'${name}' cannot be the name of an instance: 1 to 16 lower-case letters, digits and hyphens, a letter first`,
    )
  }
  return name
}
