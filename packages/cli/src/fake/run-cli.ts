/** Runs the real CLI as a process, as a shell would. The one file of the CLI's tests that starts processes. */

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface CliResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** A pipe that is never ended. */
export const OPEN = Symbol('open')

export interface CliOptions {
  readonly socketPath: string
  /** null: nothing, ended at once; a number: this file descriptor. */
  readonly stdin?: Buffer | string | number | typeof OPEN | null
  /** This file descriptor instead of a pipe. */
  readonly stdout?: number
  readonly env?: Readonly<Record<string, string>>
}

/** Any program. */
export function startProgram(program: string, args: readonly string[], options: SpawnOptions): Started {
  const child = spawn(program, args, options)
  return Object.assign(child, { ended: closed(child) })
}

export type Started = ChildProcess & { readonly ended: Promise<Ended> }

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

export function startCli(args: readonly string[], options: CliOptions, stdin: number | 'pipe' = 'pipe'): Started {
  return startScript(MAIN, args, options, stdin)
}

function startScript(
  script: string,
  args: readonly string[],
  { socketPath, stdout, env = {} }: CliOptions,
  stdin: number | 'pipe',
): Started {
  return startProgram(process.execPath, [script, ...args], {
    stdio: [stdin, stdout ?? 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', INSULA_SOCKET: socketPath, ...cacheOf(), ...env },
  })
}

export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return runProgram(MAIN, args, options)
}

/** The CLI from another file than its sources. */
export async function runProgram(script: string, args: readonly string[], options: CliOptions): Promise<CliResult> {
  const { stdin = null } = options
  const child = startScript(script, args, options, typeof stdin === 'number' ? stdin : 'pipe')
  if (typeof stdin !== 'number' && stdin !== OPEN) {
    // The command may end without having read everything.
    child.stdin?.on('error', () => undefined).end(stdin ?? undefined)
  }
  const [stdout, stderr, ended] = await Promise.all([all(child.stdout), all(child.stderr), child.ended])
  return { ...ended, stdout, stderr: stderr.toString() }
}

async function closed(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))
}

async function all(stream: NodeJS.ReadableStream | null): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function cacheOf(): Record<string, string> {
  const cache = process.env['NODE_COMPILE_CACHE']
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }
}

/** @throws after ten seconds */
export async function until(holds: () => boolean): Promise<void> {
  for (let round = 0; round < 500; round++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`never held: ${String(holds)}`)
}
