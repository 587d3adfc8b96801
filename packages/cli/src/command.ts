/**
 * What a command of the CLI is: a value. Help, completion, the parsing of its arguments and the golden files all read it;
 * `run` receives arguments and options typed by what was declared.
 */

import type { Context } from './context.ts'

/** Where completion takes words from. */
export type Words = 'vps' | 'template' | 'definition' | 'task' | 'volume' | 'command' | readonly string[]

export interface OptionSpec {
  readonly short?: string
  /** Name of its value in help. Without one it is a switch. */
  readonly value?: string
  /** May be given several times. */
  readonly many?: true
  /** A switch that can be set both ways, --nat and --no-nat. */
  readonly negatable?: true
  /** Of a switch that can be set both ways: the short form that turns it off. */
  readonly shortOff?: string
  readonly required?: true
  readonly about: string
  /** @throws UsageError with the rest of the sentence that begins with the option's name */
  readonly parse?: (text: string) => unknown
  readonly complete?: Words
}

export interface ArgumentSpec {
  readonly about: string
  readonly many?: true
  readonly optional?: true
  /** Takes everything that follows as it stands, options too: the command of `exec`. */
  readonly rest?: true
  readonly complete?: Words
}

export interface Example {
  readonly line: string
  readonly about: string
}

/** The user's mistake, as one sentence. Ends the CLI with exit code 2 and the usage line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type Options = Readonly<Record<string, OptionSpec>>
type Arguments = Readonly<Record<string, ArgumentSpec>>

type Parsed<Spec extends OptionSpec> = Spec extends { parse: (text: string) => infer Value } ? Value : string
type OptionValue<Spec extends OptionSpec> = Spec extends { many: true }
  ? readonly Parsed<Spec>[]
  : Spec extends { value: string }
    ? Spec extends { required: true }
      ? Parsed<Spec>
      : Parsed<Spec> | undefined
    : Spec extends { negatable: true }
      ? boolean | undefined
      : boolean
type ArgumentValue<Spec extends ArgumentSpec> = Spec extends { many: true } | { rest: true }
  ? readonly string[]
  : Spec extends { optional: true }
    ? string | undefined
    : string

export interface Input<Args extends Arguments, Opts extends Options> {
  readonly args: { readonly [Key in keyof Args]: ArgumentValue<Args[Key]> }
  readonly options: { readonly [Key in keyof Opts]: OptionValue<Opts[Key]> }
}

export interface Command<Args extends Arguments = Arguments, Opts extends Options = Options> {
  /** "list", "template build" */
  readonly name: string
  readonly summary: string
  /** More than the summary says, for its own help. */
  readonly details?: string
  /** In the order in which they are given. Only the last one may be `many`, `optional` or `rest`. */
  readonly arguments: Args
  readonly options: Opts
  readonly examples: readonly Example[]
  /** Neither in the overview nor completed. */
  readonly hidden?: true
  /** The exit code; nothing is 0. */
  run(context: Context, input: Input<Args, Opts>): Promise<number | void>
}

/** Any command: how it is kept in the catalog. `run` is a method so that a command with narrower input is still one. */
export type AnyCommand = Command

export function command<const Args extends Arguments, const Opts extends Options>(
  value: Command<Args, Opts>,
): Command<Args, Opts> {
  return value
}

/** Options that every command has. */
export const everywhere: Options = {
  instance: { value: 'NAME', about: 'which installation on this machine to talk to (default: insula)' },
}

/** Options of every command that prints an answer. */
export const output = {
  json: { about: 'print JSON' },
  quiet: { short: 'q', about: 'print only what identifies each thing' },
} as const satisfies Options
