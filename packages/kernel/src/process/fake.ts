/**
 * ProcessRunner that runs nothing: a table of commands and what each of them answers, and a record of what was run. A command that is not in
 * the table is not installed.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { ProcessFailed, type ProcessRunner, type RunOptions, type RunResult } from './runner.ts'
import { couldNotStart } from './tools.ts'

export interface RecordedRun {
  readonly argv: readonly [string, ...string[]]
  readonly options: RunOptions
}

/** What is not said is 0 or empty. */
export type Answer = Partial<RunResult>

export interface ScriptedCommand {
  /** The beginning of its argv. The longest one that fits answers; of equals the last. */
  readonly argv: readonly string[]
  /** A function may wait: the deadline and the signal of the run end it as they end a process. */
  readonly answer: Answer | ((run: RecordedRun) => Answer | Promise<Answer>)
}

export interface FakeProcessRunner extends ProcessRunner {
  /** In the order of their start. */
  readonly runs: readonly RecordedRun[]
  /** From now on. */
  script(command: ScriptedCommand): void
}

export function fakeProcessRunner(table: readonly ScriptedCommand[] = []): FakeProcessRunner {
  const commands = [...table]
  const runs: RecordedRun[] = []
  return {
    runs,
    script: (command) => void commands.push(command),
    run(argv, options = {}) {
      const recorded = { argv, options }
      // Before the first await: a process is started within the call.
      runs.push(recorded)
      return answer(commandFor(commands, argv), recorded)
    },
  }
}

function commandFor(commands: readonly ScriptedCommand[], argv: readonly string[]): ScriptedCommand | undefined {
  const fitting = commands.filter((command) => command.argv.every((word, index) => word === argv[index]))
  const longest = Math.max(...fitting.map((command) => command.argv.length))
  return fitting.findLast((command) => command.argv.length === longest)
}

async function answer(command: ScriptedCommand | undefined, recorded: RecordedRun): Promise<RunResult> {
  const { argv, options } = recorded
  if (!command) throw new ProcessFailed(argv, null, null, '', couldNotStart(argv[0], 'ENOENT'))
  const given = await untilStopped(recorded, async () =>
    typeof command.answer === 'function' ? command.answer(recorded) : command.answer,
  )
  const result = { code: 0, stdout: '', stderr: '', ...given }
  for (const stream of ['stdout', 'stderr'] as const) {
    const lines = result[stream].split('\n')
    if (lines.at(-1) === '') lines.pop()
    for (const line of lines) options.onLine?.(line, stream)
  }
  if (!(options.accept ?? [0]).includes(result.code)) throw new ProcessFailed(argv, result.code, null, result.stderr)
  return result
}

async function untilStopped<T>({ argv, options }: RecordedRun, work: () => Promise<T>): Promise<T> {
  const deadline = options.deadline ?? 60_000
  const stopped = (reason: string): ProcessFailed => new ProcessFailed(argv, null, 'SIGKILL', '', reason)
  if (options.signal?.aborted) throw stopped('was cancelled')
  const done = new AbortController()
  try {
    return await Promise.race([
      work(),
      sleep(deadline, undefined, { signal: done.signal }).then(() => {
        throw stopped(`did not end within ${deadline / 1000} s and was killed`)
      }),
      new Promise<never>((_, reject) => {
        options.signal?.addEventListener('abort', () => reject(stopped('was cancelled')), { signal: done.signal })
      }),
    ])
  } finally {
    done.abort()
  }
}
