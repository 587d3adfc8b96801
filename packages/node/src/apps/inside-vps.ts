/** Commands of the installer, run in a VPS by the keeper. */

import { randomUUID } from 'node:crypto'
import type { Inside, InsideOptions, InsideResult } from '@insula/templates'
import type { Keeper } from '../keeper/keeper.ts'

/** A list of all packages is some hundred KB. */
const MOST_STDOUT = 16 << 20
const MOST_LINE = 2_000
const TAIL = 12
const KILL_AGAIN_MS = 1_000
const MARK = 'INSULA_RUN'
/** What was started with the mark in its environment ends, wherever it has gone meanwhile. proc_pid_environ(5) */
const KILL = `for p in /proc/[0-9]*; do
  if tr '\\0' '\\n' 2>/dev/null < $p/environ | grep -qx "${MARK}=$1"; then kill -9 "\${p#/proc/}" 2>/dev/null; fi
done; true`

export function insideVps(keeper: Pick<Keeper, 'exec'>, id: number, signal: AbortSignal): Inside {
  return { run: (argv, options = {}) => runInside(keeper, `${id}`, argv, options, signal) }
}

async function runInside(
  keeper: Pick<Keeper, 'exec'>,
  id: string,
  argv: readonly string[],
  { env, input, seconds, onLine }: InsideOptions,
  signal: AbortSignal,
): Promise<InsideResult> {
  signal.throwIfAborted()
  const run = randomUUID()
  const out: Buffer[] = []
  const tail: string[] = []
  let length = 0
  const told = (line: string): void => {
    if (line.trim() === '') return
    tail.push(line)
    if (tail.length > TAIL) tail.shift()
    onLine?.(line)
  }
  const [lines, complaints] = [splitLines(told), splitLines(told)]
  const session = await keeper.exec(
    id,
    { argv, cwd: '/', env: { ...env, [MARK]: run } },
    {
      stdout: (chunk) => {
        length += chunk.length
        if (length <= MOST_STDOUT) out.push(chunk)
        lines.take(chunk)
      },
      stderr: complaints.take,
    },
  )
  let late = false
  let again: NodeJS.Timeout | null = null
  const kill = (): void => {
    session.signal('SIGKILL')
    void killMarked(keeper, id, run)
    // What begins just then is not seen yet.
    again = setTimeout(kill, KILL_AGAIN_MS)
  }
  const timer = seconds === undefined ? null : setTimeout(() => ((late = true), kill()), seconds * 1_000)
  // It may have been cancelled while the command began.
  if (signal.aborted) kill()
  else signal.addEventListener('abort', kill)
  try {
    const fed = feed(session, input)
    const end = await session.ended
    await fed
    lines.end()
    complaints.end()
    return { code: 'code' in end ? end.code : null, stdout: Buffer.concat(out).toString(), tail, late }
  } finally {
    for (const each of [timer, again]) if (each) clearTimeout(each)
    signal.removeEventListener('abort', kill)
    signal.throwIfAborted()
  }
}

async function feed(
  session: { write(chunk: Uint8Array): Promise<void>; end(): void },
  input: InsideOptions['input'],
): Promise<void> {
  try {
    for await (const chunk of (input ?? []) as AsyncIterable<Uint8Array>) await session.write(chunk)
  } finally {
    session.end()
  }
}

async function killMarked(keeper: Pick<Keeper, 'exec'>, id: string, run: string): Promise<void> {
  try {
    const nowhere = { stdout: () => undefined, stderr: () => undefined }
    const session = await keeper.exec(id, { argv: ['/bin/sh', '-c', KILL, 'sh', run] }, nowhere)
    session.end()
    await session.ended
  } catch {
    // The VPS is down, and with it all that ran.
  }
}

function splitLines(told: (line: string) => void): { take(chunk: Buffer): void; end(): void } {
  let rest = ''
  return {
    take(chunk) {
      const parts = `${rest}${chunk.toString()}`.split(/\r?\n|\r/)
      rest = (parts.pop() ?? '').slice(-MOST_LINE)
      for (const part of parts) told(part.slice(0, MOST_LINE))
    },
    end: () => told(rest),
  }
}
