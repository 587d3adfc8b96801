/**
 * System calls in an area, made as its users make them: by a process in the area's user namespace whose root directory is the area's (hand.py).
 * One that is given an ordinary directory does the same there.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type MountCalls, realPrivateMounts, realUserNamespaces, type UserNamespace } from '@insula/kernel'
import type { OverlayPlan } from '../vzfs.ts'

/** [call, arguments...]; names and bytes are latin1 ([text, times] for many), an open file is a number that the caller chose. The calls are listed in hand.py. */
export type Call = readonly [call: string, ...rest: readonly unknown[]]

export type Outcome = { readonly is: unknown } | { readonly errno: string }

export interface Hand extends AsyncDisposable {
  /** Whatever comes of it. @param user of the area; its root when absent */
  try(call: Call, user?: number): Promise<Outcome>
  /** @throws when the kernel refuses */
  do(...call: Call): Promise<unknown>
  readonly pid: number
}

const PROGRAM = new URL('./hand.py', import.meta.url).pathname
/** How much longer than a real machine this one takes. */
export const PATIENCE = Number(process.env['INSULA_TEST_PATIENCE'] ?? '1')
const LONGEST_CALL = 20_000 * PATIENCE
const PYTHON = '/usr/bin/python3'

export interface Owner extends Disposable {
  readonly base: number
  readonly userns: UserNamespace
}

export async function owner(base: number): Promise<Owner> {
  const userns = await realUserNamespaces()({ base, size: 65_536 })
  return { base, userns, [Symbol.dispose]: () => userns[Symbol.dispose]() }
}

/** Mounts the area as the keeper would, for as long as the hand lives. */
export function handInArea(plan: OverlayPlan, { userns }: Owner, prepare: (calls: MountCalls) => void = () => {}): Promise<Hand> {
  return realPrivateMounts().inPrivateCopy((calls) => {
    calls.overlay(plan, userns)
    prepare(calls)
    return begin(plan.root, userns)
  })
}

/** In an ordinary directory. @param as whose ids it has; those of the node when absent */
export function handIn(directory: string, as?: Owner): Promise<Hand> {
  return begin(directory, as?.userns ?? null)
}

/** Starts the process before it returns: callers are in another mount namespace for that moment. */
function begin(root: string, userns: UserNamespace | null): Promise<Hand> {
  const child = spawn(PYTHON, ['-I', '-S', PROGRAM, root, userns?.path ?? '-'], { stdio: ['pipe', 'pipe', 'inherit'], env: {} })
  return converse(child)
}

async function converse(child: ChildProcess): Promise<Hand> {
  const { stdin, stdout, pid } = child
  if (!stdin || !stdout || pid === undefined) throw new Error(`${PYTHON} could not be started`)
  const ended = once(child, 'close')
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<Outcome> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the process that makes the calls has ended')
    return JSON.parse(value) as Outcome
  }
  await next()
  const attempt = async (call: Call, user = 0): Promise<Outcome> => {
    stdin.write(`${JSON.stringify([user, ...call])}\n`)
    return next()
  }
  return {
    pid,
    try: attempt,
    async do(...call) {
      const outcome = await attempt(call)
      if ('errno' in outcome) throw new Error(`${JSON.stringify(call).slice(0, 200)}: ${outcome.errno}`)
      return outcome.is
    },
    async [Symbol.asyncDispose]() {
      stdin.end()
      // A call that sleeps for ever.
      const overdue = setTimeout(() => child.kill('SIGKILL'), LONGEST_CALL)
      await ended
      clearTimeout(overdue)
    },
  }
}
