/** The slow way in: commander reads the words, so that help, mistakes and "did you mean" are said the way people know them. */

import { Argument, Command as Commander, CommanderError, Option, type OutputConfiguration } from 'commander'
import { exitCodesHelp } from './exit-codes.ts'
import type { OwnOutput } from './own-output.ts'
import { type AnyCommand, type OptionSpec, everywhere } from './command.ts'
import { allCommands, groups } from './catalog.ts'
import { type Scanned, readWords } from './scan.ts'
import { usageFailure, wantsJson } from './usage-failure.ts'

type Chosen = (command: AnyCommand, scanned: Scanned) => void
type RunScanned = (command: AnyCommand, scanned: Scanned) => Promise<number>

/** Explains what the words ask for or get wrong; runs them where they were right after all. */
export async function explain(words: readonly string[], output: OwnOutput, runScanned?: RunScanned): Promise<number> {
  const commands = await allCommands()
  const outcomes: Promise<number>[] = []
  const chosen: Chosen = (command, scanned) => {
    if (runScanned !== undefined) outcomes.push(runScanned(command, scanned))
  }
  const json = wantsJson(words)
  const program = programFor(commands, chosen, {
    writeOut: (text) => void output.stdout().write(text),
    writeErr: (text) => void output.stderr().write(json ? inJson(text) : text),
  })
  const asked = words[0] === 'help' ? helpWords(commands, words.slice(1)) : words
  if (words[0] === 'help' && words[1] === 'exit-codes') {
    output.stdout().write(exitCodesHelp())
    return 0
  }
  try {
    if (asked.length === 0) {
      output.stdout().write(program.helpInformation())
      return 0
    }
    await program.parseAsync(restSeparated(commands, asked), { from: 'user' })
    return (await outcomes[0]) ?? 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}

/** The program as commander knows it: what help, completion and the golden files are made from. */
export function programFor(commands: readonly AnyCommand[], chosen: Chosen, writers: OutputConfiguration = {}): Commander {
  // Subcommands take it over.
  const program = new Commander('insula').configureOutput(writers)
  program
    .description('Isolated virtual private servers on one shared Linux kernel.')
    .usage('COMMAND [arguments] [options]')
    .helpCommand(false)
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: (sub) => sub.name(), optionTerm })
    .addHelpText('after', OVERVIEW)
  quietly(program)
  for (const command of commands) attach(program, command, chosen)
  return program
}

const OVERVIEW = `
\`insula COMMAND --help\` shows a command's options and examples, \`insula help exit-codes\` what exit codes mean.
INSULA_INSTANCE in the environment names the installation to talk to, as --instance does.
`

function attach(program: Commander, command: AnyCommand, chosen: Chosen): void {
  const path = command.name.split(' ')
  const name = path.at(-1) ?? command.name
  const parent = groupOf(program, path.slice(0, -1))
  const made = parent.command(name, { hidden: command.hidden === true })
  quietly(made).description(command.details === undefined ? `${command.summary}.` : `${command.summary}.\n\n${command.details}`)
  made.summary(command.summary).usage(usageOf(command))
  for (const [key, spec] of Object.entries(command.arguments)) {
    const term = key.toUpperCase()
    made.addArgument(new Argument(spec.optional ? `[${term}${dots(spec)}]` : `<${term}${dots(spec)}>`, spec.about))
  }
  const options = { ...everywhere, ...command.options }
  for (const [key, spec] of Object.entries(options)) for (const option of optionsFor(key, spec)) made.addOption(option)
  if (command.examples.length > 0) made.addHelpText('after', examplesOf(command))
  made.action(() =>
    chosen(command, {
      args: made.processedArgs.flat().filter((arg) => arg !== undefined) as string[],
      options: valuesOf(made, options),
    }),
  )
}

/** A group of commands, or of groups; the program itself is the outermost. */
function groupOf(program: Commander, path: readonly string[]): Commander {
  const name = path.at(-1)
  if (name === undefined) return program
  const parent = groupOf(program, path.slice(0, -1))
  const found = parent.commands.find((one) => one.name() === name)
  if (found !== undefined) return found
  const made = parent
    .command(name)
    .description(groups[path.join(' ')] ?? '')
    .usage('COMMAND [arguments] [options]')
    .helpCommand(false)
  return quietly(made)
}

/** `--memory SIZE`, and `--[no-]nat` for a switch that can be set both ways. */
function optionTerm(option: Option): string {
  const flags = option.flags.replace(/<([^>]+)>/, '$1')
  return option instanceof BothWays ? flags.replace('--', '--[no-]') : flags
}

class BothWays extends Option {}

/** One word for one value, as man pages have it. */
export function usageOf(command: AnyCommand): string {
  const required = Object.entries(command.options).filter(([, spec]) => spec.required)
  return [
    ...Object.entries(command.arguments).map(([key, spec]) =>
      spec.optional ? `[${key.toUpperCase()}${dots(spec)}]` : `${key.toUpperCase()}${dots(spec)}`,
    ),
    ...required.map(([key, spec]) => `--${key} ${spec.value ?? ''}`),
    '[options]',
  ].join(' ')
}

function dots(spec: { readonly many?: true; readonly rest?: true }): string {
  return spec.many || spec.rest ? '...' : ''
}

function optionsFor(key: string, spec: OptionSpec): Option[] {
  const short = spec.short === undefined ? '' : `-${spec.short}, `
  const twoForms = spec.negatable === true && spec.shortOff === undefined
  const option = new (twoForms ? BothWays : Option)(
    `${short}--${key}${spec.value === undefined ? '' : ` <${spec.value}>`}`,
    spec.about,
  )
  if (spec.required) option.makeOptionMandatory()
  if (spec.many) option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])
  if (!spec.negatable) return [option]
  if (spec.shortOff !== undefined) return [option, new Option(`-${spec.shortOff}, --no-${key}`, `not: ${spec.about}`)]
  return [option, new Option(`--no-${key}`).hideHelp()]
}

function valuesOf(made: Commander, options: Readonly<Record<string, OptionSpec>>): Scanned['options'] {
  const values: Record<string, string | boolean | readonly string[]> = {}
  for (const key of Object.keys(options)) {
    const attribute = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (made.getOptionValueSource(attribute) !== 'cli') continue
    values[key] = made.getOptionValue(attribute) as string | boolean | readonly string[]
  }
  return values
}

function examplesOf(command: AnyCommand): string {
  const width = Math.max(...command.examples.map(({ line }) => line.length))
  const lines = command.examples.map(({ line, about }) =>
    width > 60 ? `  # ${about}\n  ${line}` : `  ${line.padEnd(width)}  # ${about}`,
  )
  return `\nExamples:\n${lines.join('\n')}\n`
}

/** `help create`, and `help create NAME`, is `create --help`; `help` alone shows everything, and of what is not there commander says so. */
function helpWords(commands: readonly AnyCommand[], words: readonly string[]): readonly string[] {
  const command = words.findIndex((_, at) => commands.some(({ name }) => name === words.slice(0, at + 1).join(' ')))
  if (command >= 0) return [...words.slice(0, command + 1), '--help']
  return Object.hasOwn(groups, words.join(' ')) ? [...words, '--help'] : words
}

/** The command of `exec` is set apart by --, so that commander leaves its options alone. */
function restSeparated(commands: readonly AnyCommand[], words: readonly string[]): string[] {
  const command = commands.find(({ name }) => name === words[0])
  if (command === undefined || !Object.values(command.arguments).some((spec) => spec.rest)) return [...words]
  const { optionWords, positionals, rest } = readWords(command.arguments, { ...everywhere, ...command.options }, words.slice(1))
  return [command.name, ...optionWords, '--', ...positionals, ...rest]
}

/** Mistakes in one sentence and the usage line, on stderr; never process.exit() from within. */
function quietly(made: Commander): Commander {
  return made
    .exitOverride()
    .helpOption('-h, --help', 'show this help')
    .configureOutput({
      outputError: (text, write) => write(`${sentence(made, text)}\n`),
    })
}

/** Of what `sentence` makes. */
function inJson(text: string): string {
  const [, name = 'insula', message = text] = /^([a-z ]+): (.*?)(?:\nUsage: |$)/s.exec(text) ?? []
  return `${JSON.stringify(usageFailure(name, message))}\n`
}

function sentence(made: Commander, text: string): string {
  const names = []
  for (let at: Commander | null = made; at !== null; at = at.parent) names.unshift(at.name())
  const name = names.join(' ')
  const said = text
    .trim()
    .replace(/^error: /, '')
    .replace(/<([^>]+)>'/, "$1'")
    .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?')
  return `${name}: ${said}\nUsage: ${name} ${made.usage()}\nSee \`${name} --help\`.`
}
