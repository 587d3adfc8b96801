/** ProcessRunner on the running kernel. */

import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PipedProcess, startPiped } from './piped.ts'
import { ProcessFailed, type ProcessRunner, type RunOptions, type RunResult } from './runner.ts'

const DEADLINE_MS = 60_000
const GROUP_MS = 2_000
const GROUP_POLL_MS = 5
/** Output kept in memory; a command that says more is misbehaving, and half an answer would be taken for a whole one. */
const MOST_OUTPUT = 64 * 1024 * 1024

export function realProcessRunner(): ProcessRunner {
  return { run }
}

function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  // Not an async function: the process is started before this returns.
  let child: PipedProcess
  try {
    child = startPiped(argv, options)
  } catch (error) {
    return Promise.reject(error)
  }
  return new Promise((resolve, reject) => {
    let reason: string | undefined
    const stop = (why: string): void => {
      reason ??= why
      killGroup(child.pid)
      // A descendant that left the group may hold the pipes for as long as it likes; nobody waits for it.
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const deadline = options.deadline ?? DEADLINE_MS
    const timer = setTimeout(() => stop(`did not end within ${deadline / 1000} s and was killed`), deadline)
    const cancel = (): void => stop('was cancelled')
    const tooMuch = (): void => stop(`wrote more than ${MOST_OUTPUT / 1024 / 1024} MiB and was killed`)
    const stdout = collect(child.stdout, 'stdout', options.onLine, tooMuch)
    const stderr = collect(child.stderr, 'stderr', options.onLine, tooMuch)

    void Promise.all([child.ended, stdout.closed, stderr.closed]).then(async ([{ code, signal }]) => {
      clearTimeout(timer)
      if (reason !== undefined) await groupGone(child.pid)
      options.signal?.removeEventListener('abort', cancel)
      const accepted = reason === undefined && code !== null && (options.accept ?? [0]).includes(code)
      if (accepted) resolve({ code, stdout: stdout.text(), stderr: stderr.text() })
      else reject(new ProcessFailed(argv, code, signal, stderr.text(), reason))
    })
    options.signal?.addEventListener('abort', cancel, { once: true })
    if (options.signal?.aborted) cancel()
  })
}

/** The whole group: what the command itself started goes too. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/** A signal takes effect at each process in its own time: who was told that a command is over finds none of it. Bounded. */
async function groupGone(pid: number): Promise<void> {
  for (const deadline = Date.now() + GROUP_MS; Date.now() < deadline; await sleep(GROUP_POLL_MS)) {
    try {
      process.kill(-pid, 0)
    } catch {
      return
    }
  }
}

interface Collected {
  readonly closed: Promise<void>
  text(): string
}

function collect(stream: Readable, name: 'stdout' | 'stderr', onLine: RunOptions['onLine'], tooMuch: () => void): Collected {
  const chunks: Buffer[] = []
  // A chunk may end in the middle of a character.
  const decoder = new StringDecoder()
  let bytes = 0
  let line = ''
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MOST_OUTPUT) return tooMuch()
    chunks.push(chunk)
    if (!onLine) return
    const lines = (line + decoder.write(chunk)).split(/\r?\n|\r/)
    line = lines.pop() ?? ''
    for (const complete of lines) onLine(complete, name)
  })
  stream.once('end', () => {
    if (onLine && line !== '') onLine(line, name)
  })
  const closed = new Promise<void>((resolve) => void stream.once('close', resolve))
  return { closed, text: () => Buffer.concat(chunks).toString() }
}
