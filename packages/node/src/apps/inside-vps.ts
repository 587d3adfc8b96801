/**
 * Commands of the installer, run in a VPS by the keeper. The VPS's root may have put anything in the place of what is run: whatever it writes, reads or leaves
 * running, the call ends, and keeps no more than so much of it.
 */

import { randomUUID } from 'node:crypto'
import type { Inside, InsideOptions, InsideResult } from '@insula/templates'
import type { ExecSession, Keeper } from '../keeper/keeper.ts'

/** Of both outputs; a list of all packages is some hundred KB. What writes more is killed. */
const MOST_OUTPUT = 16 << 20
const MOST_LINE = 2_000
const TAIL = 12
const KILL_AGAIN_MS = 1_000
/** After the first kill: what holds the command's output may have escaped it, and is not waited for any more. */
const GIVE_UP_MS = 10_000
const MARK = 'INSULA_RUN'
/** What was started with the mark in its environment ends, wherever it has gone meanwhile. proc_pid_environ(5) */
const KILL = `for p in /proc/[0-9]*; do
  if tr '\\0' '\\n' 2>/dev/null < $p/environ | grep -qx "${MARK}=$1"; then kill -9 "\${p#/proc/}" 2>/dev/null; fi
done; true`

type Exec = Pick<Keeper, 'exec'>

/** @param patience how long is waited for what does not end by a kill, milliseconds */
export function insideVps(keeper: Exec, id: number, signal: AbortSignal, patience = GIVE_UP_MS): Inside {
  return { run: (argv, options = {}) => runInside(keeper, `${id}`, argv, options, signal, patience) }
}

async function runInside(
  keeper: Exec,
  id: string,
  argv: readonly string[],
  { env, input, seconds, onLine }: InsideOptions,
  signal: AbortSignal,
  patience: number,
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
  let flooded = (): void => undefined
  const taken = (chunk: Buffer): boolean => {
    const before = length
    length += chunk.length
    if (length > MOST_OUTPUT && before <= MOST_OUTPUT) flooded()
    return length <= MOST_OUTPUT
  }
  const session = await keeper.exec(
    id,
    { argv, cwd: '/', env: { ...env, [MARK]: run } },
    {
      stdout: (chunk) => {
        if (!taken(chunk)) return
        out.push(chunk)
        lines.take(chunk)
      },
      stderr: (chunk) => void (taken(chunk) && complaints.take(chunk)),
    },
  )
  const { kill, givenUp, done } = killer(keeper, id, run, session, patience)
  let late = false
  flooded = () => {
    told(`it wrote more than ${MOST_OUTPUT >> 20} MiB, and was killed for it`)
    kill()
  }
  if (length > MOST_OUTPUT) flooded()
  const timer = seconds === undefined ? null : setTimeout(() => ((late = true), kill()), seconds * 1_000)
  // It may have been cancelled while the command began.
  if (signal.aborted) kill()
  else signal.addEventListener('abort', kill)
  try {
    const fed = feed(session, input, kill)
    const end = await Promise.race([session.ended, givenUp])
    const unfed = fed.end()
    if (unfed !== null) throw unfed
    lines.end()
    complaints.end()
    const code = end !== null && 'code' in end && length <= MOST_OUTPUT ? end.code : null
    return { code, stdout: Buffer.concat(out).toString(), tail, late }
  } finally {
    done()
    if (timer !== null) clearTimeout(timer)
    signal.removeEventListener('abort', kill)
    signal.throwIfAborted()
  }
}

interface Killer {
  kill(): void
  /** null: it did not end by that. */
  readonly givenUp: Promise<null>
  done(): void
}

function killer(keeper: Exec, id: string, run: string, session: ExecSession, patience: number): Killer {
  const { promise: givenUp, resolve } = Promise.withResolvers<null>()
  let again: NodeJS.Timeout | null = null
  let last: NodeJS.Timeout | null = null
  const kill = (): void => {
    session.signal('SIGKILL')
    void killMarked(keeper, id, run, patience)
    // What begins just then is not seen yet.
    again = setTimeout(kill, KILL_AGAIN_MS)
  }
  return {
    kill: () => {
      if (last !== null) return
      last = setTimeout(() => {
        session.close()
        resolve(null)
      }, patience)
      kill()
    },
    givenUp,
    done: () => {
      for (const each of [again, last]) if (each) clearTimeout(each)
    },
  }
}

/** Gives input to a command for as long as it runs. `end` tells what could not be read. */
function feed(session: ExecSession, input: InsideOptions['input'], kill: () => void): { end(): Error | null } {
  let isOver = false
  let problem: Error | null = null
  const give = async (): Promise<void> => {
    for await (const chunk of (input ?? []) as AsyncIterable<Uint8Array>) {
      if (isOver) return
      await session.write(chunk)
    }
  }
  void give()
    .catch((error: unknown) => {
      problem = error as Error
      kill()
    })
    .finally(() => session.end())
  return {
    end: () => {
      isOver = true
      return problem
    },
  }
}

async function killMarked(keeper: Exec, id: string, run: string, patience: number): Promise<void> {
  try {
    const nowhere = { stdout: () => undefined, stderr: () => undefined }
    const session = await keeper.exec(id, { argv: ['/bin/sh', '-c', KILL, 'sh', run] }, nowhere)
    session.end()
    // Its shell may be anything, too.
    const timer = setTimeout(() => session.close(), patience)
    await session.ended.finally(() => clearTimeout(timer))
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
