/** What the word at the cursor could be. @bomb.sh/tab knows how to look; the commands and the node know what there is. */

import { Argument, type ArgumentHandler, type OptionHandler, RootCommand } from '@bomb.sh/tab'
import { allCommands, groups } from '../catalog.ts'
import { type AnyCommand, type Words, everywhere } from '../command.ts'
import type { Context } from '../context.ts'

/** A node that does not answer must not hold up the shell. */
const PATIENCE = 1000

type Known = ReadonlyMap<Words, readonly (readonly [value: string, description: string])[]>

/** Prints each possible word, a tab and what it is; then the directive for the shell's script. */
export async function printCompletions(context: Context, words: readonly string[]): Promise<void> {
  const commands = (await allCommands()).filter(({ hidden }) => hidden !== true)
  const asked = commands.find(({ name }) => name === words.slice(0, name.split(' ').length).join(' '))
  const known = await knownWords(context, commands, asked)
  const root = new RootCommand()
  for (const [name, summary] of Object.entries(groups)) root.command(name, summary)
  for (const command of commands) describe(root, command, known)
  root.parse([...words])
}

function describe(root: RootCommand, command: AnyCommand, known: Known): void {
  const handler = (words: Words | undefined): ArgumentHandler | undefined => {
    if (words === undefined) return undefined
    const values = typeof words === 'string' ? (known.get(words) ?? []) : words.map((word) => [word, ''] as const)
    return (complete) => values.forEach(([value, description]) => complete(value, description))
  }
  const made = root.command(command.name, command.summary)
  for (const [name, spec] of Object.entries(command.arguments)) made.argument(name, handler(spec.complete), spec.many === true)
  for (const [name, spec] of Object.entries({ ...command.options, ...everywhere })) {
    // Without a handler the library takes an option for a switch.
    if (spec.value !== undefined) made.option(name, spec.about, asOption(handler(spec.complete)), spec.short)
    else if (spec.short !== undefined) made.option(name, spec.about, spec.short)
    else made.option(name, spec.about)
    if (spec.negatable) made.option(`no-${name}`, `not: ${spec.about}`)
  }
}

/** The library's two kinds of handler differ in what `this` is, which ours do not look at. */
function asOption(handler: ArgumentHandler | undefined): OptionHandler {
  return (complete, options) => handler?.call(NO_ARGUMENT, complete, options)
}

const NO_ARGUMENT = new Argument(new RootCommand(), '')

/** Only what the command on the line can use is asked of the node. */
async function knownWords(context: Context, commands: readonly AnyCommand[], asked: AnyCommand | undefined): Promise<Known> {
  const specs = asked === undefined ? [] : [...Object.values(asked.arguments), ...Object.values(asked.options)]
  const wanted = new Set(specs.map(({ complete }) => complete).filter((words) => typeof words === 'string'))
  const known = new Map<Words, readonly (readonly [string, string])[]>()
  await Promise.all(
    [...wanted].map(async (words) => {
      try {
        known.set(words, await wordsOf(context, commands, words))
      } catch {
        // A completion has nowhere to say why it has none.
      }
    }),
  )
  return known
}

async function wordsOf(context: Context, commands: readonly AnyCommand[], words: string): Promise<(readonly [string, string])[]> {
  if (words === 'command') return commands.map(({ name, summary }) => [name, summary] as const)
  const client = await context.client()
  const signal = AbortSignal.timeout(PATIENCE)
  if (words === 'vps') return (await client.vpsList({ signal })).vps.map(({ name, state }) => [name, state] as const)
  if (words === 'task')
    return (await client.taskList({ signal, query: {} })).tasks.map(
      (task) => [String(task.id), `${task.kind} ${task.subject}`] as const,
    )
  if (words === 'volume') return (await client.volumeList({ signal })).volumes.map(({ name, path }) => [name, path] as const)
  if (words === 'definition')
    return (await client.templateDefinitions({ signal })).definitions.map(({ name, description }) => [name, description] as const)
  const { templates } = await client.templateList({ signal })
  const names = templates.filter(({ latest }) => latest).map(({ name, init }) => [name, init] as const)
  return names.concat(templates.map(({ ref, init }) => [ref, init] as const))
}
