/** Runs the real CLI as a process, as a shell would. */

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface CliResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface CliOptions {
  readonly socketPath: string
  /** null: nothing, ended at once; a number: this file descriptor; 'open': a pipe that is never ended. */
  readonly stdin?: Buffer | string | number | 'open' | null
  readonly env?: Readonly<Record<string, string>>
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

export function startCli(args: readonly string[], { socketPath, env = {} }: CliOptions, stdin: number | 'pipe' = 'pipe'): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: [stdin, 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', INSULA_SOCKET: socketPath, ...cacheOf(), ...env },
  })
}

export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const { stdin = null } = options
  const child = startCli(args, options, typeof stdin === 'number' ? stdin : 'pipe')
  if (typeof stdin !== 'number' && stdin !== 'open') {
    // The command may end without having read everything.
    child.stdin?.on('error', () => undefined).end(stdin ?? undefined)
  }
  const [stdout, stderr, ended] = await Promise.all([all(child.stdout), all(child.stderr), closed(child)])
  return { ...ended, stdout, stderr: stderr.toString() }
}

export async function closed(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
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
