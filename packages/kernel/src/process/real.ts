/** ProcessRunner on the running kernel. */

import { type ChildProcess, spawn } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import { CLEAN_ENVIRONMENT } from './environment.ts'
import { ProcessFailed, type ProcessRunner, type RunOptions, type RunResult } from './runner.ts'
import { couldNotStart } from './tools.ts'

const DEADLINE_MS = 60_000
/** Output kept in memory; a command that says more is misbehaving, and half an answer would be taken for a whole one. */
const MOST_OUTPUT = 64 * 1024 * 1024

export function realProcessRunner(): ProcessRunner {
  return { run }
}

function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  // Not an async function: the process is started before this returns.
  let child: ChildProcess
  try {
    child = start(argv, options)
  } catch (error) {
    // Node tells some errors of fork and exec by throwing (E2BIG, EPERM), others by an event.
    const { code, message } = error as NodeJS.ErrnoException
    return Promise.reject(new ProcessFailed(argv, null, null, '', `could not be started (${code ?? message})`))
  }
  return new Promise((resolve, reject) => {
    let reason: string | undefined
    const stop = (why: string): void => {
      reason ??= why
      killGroup(child)
      // A descendant that left the group may hold the pipes for as long as it likes; nobody waits for it.
      child.stdout?.destroy()
      child.stderr?.destroy()
    }
    const deadline = options.deadline ?? DEADLINE_MS
    const timer = setTimeout(() => stop(`did not end within ${deadline / 1000} s and was killed`), deadline)
    const cancel = (): void => stop('was cancelled')
    const tooMuch = (): void => stop(`wrote more than ${MOST_OUTPUT / 1024 / 1024} MiB and was killed`)
    const stdout = collect(child, 'stdout', options.onLine, tooMuch)
    const stderr = collect(child, 'stderr', options.onLine, tooMuch)
    // A command that ends without reading its input is no error of ours.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input ?? '')

    const settle = (): void => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', cancel)
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      settle()
      reject(new ProcessFailed(argv, null, null, '', couldNotStart(argv[0], error.code ?? error.message, options.cwd)))
    })
    child.once('close', (code, signal) => {
      settle()
      const accepted = reason === undefined && code !== null && (options.accept ?? [0]).includes(code)
      if (accepted) resolve({ code, stdout: stdout(), stderr: stderr() })
      else reject(new ProcessFailed(argv, code, signal, stderr(), reason))
    })
    options.signal?.addEventListener('abort', cancel, { once: true })
    if (options.signal?.aborted) cancel()
  })
}

function start(argv: readonly [string, ...string[]], options: RunOptions): ChildProcess {
  return spawn(argv[0], argv.slice(1), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...CLEAN_ENVIRONMENT, ...options.env },
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  })
}

/** The whole group: what the command itself started goes too. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

function collect(
  child: ChildProcess,
  name: 'stdout' | 'stderr',
  onLine: RunOptions['onLine'],
  tooMuch: () => void,
): () => string {
  const chunks: Buffer[] = []
  // A chunk may end in the middle of a character.
  const decoder = new StringDecoder()
  let bytes = 0
  let line = ''
  child[name]?.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MOST_OUTPUT) return tooMuch()
    chunks.push(chunk)
    if (!onLine) return
    const lines = (line + decoder.write(chunk)).split(/\r?\n|\r/)
    line = lines.pop() ?? ''
    for (const complete of lines) onLine(complete, name)
  })
  child[name]?.once('end', () => {
    if (onLine && line !== '') onLine(line, name)
  })
  return () => Buffer.concat(chunks).toString()
}
