/** One file of tests in a process of its own, with a deadline; what it reports becomes outcomes. */

import { relative } from 'node:path'
import { run } from 'node:test'
import type { EventData } from 'node:test'
import { inspect } from 'node:util'
import type { Outcome, Report } from './outcome.ts'

/** Lines of a file's own output that are shown when the file itself failed. */
const TAIL = 30

type Ended = EventData.TestPass | EventData.TestFail

export async function runFile(file: string, home: string, deadline: number): Promise<Report> {
  const overdue = new AbortController()
  const timer = setTimeout(() => overdue.abort(), deadline * 1000)
  const began = performance.now()
  const outcomes: Outcome[] = []
  const path: string[] = []
  const output: string[] = []
  const subject = relative(home, file)
  for await (const event of run({ files: [file], cwd: home, signal: overdue.signal, concurrency: false })) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') output.push(event.data.message)
    if (event.type === 'test:start') path[event.data.nesting] = event.data.name
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const ended: Ended = event.data
    const ofFile = ended.nesting === 0 && ended.name === file
    const name = ofFile ? subject : [...path.slice(0, ended.nesting), ended.name].join(' > ')
    const outcome = ofFile
      ? outcomeOfFile(name, failureOf(event.data), outcomes.length, overdue.signal.aborted ? deadline : null, output)
      : outcomeOfTest(name, ended, failureOf(event.data))
    if (outcome) outcomes.push(outcome)
  }
  clearTimeout(timer)
  return { subject, seconds: (performance.now() - began) / 1000, outcomes }
}

interface Failure {
  readonly kind: string
  readonly cause: unknown
  readonly exitCode: number | null
  readonly signal: string | null
}

function failureOf(data: Ended): Failure | null {
  const error = (data.details as { error?: Error & { failureType?: string; exitCode?: number; signal?: string } }).error
  if (!error) return null
  return {
    kind: error.failureType ?? '',
    cause: error.cause ?? error,
    exitCode: error.exitCode ?? null,
    signal: error.signal ?? null,
  }
}

/** null: suites, and tests that failed only by what is inside of them, are counted there. */
function outcomeOfTest(name: string, data: Ended, failure: Failure | null): Outcome | null {
  if (data.details.type === 'suite' && (!failure || failure.kind === 'subtestsFailed')) return null
  if (data.skip !== undefined || data.todo !== undefined) {
    const reason = [data.skip, data.todo].find((text) => typeof text === 'string' && text !== '')
    return {
      name,
      result: 'skipped',
      detail: typeof reason === 'string' ? reason : data.todo === undefined ? 'no reason given' : 'to do',
    }
  }
  if (failure?.kind === 'subtestsFailed') return null
  return failure ? { name, result: 'failed', detail: told(failure.cause) } : { name, result: 'passed', detail: '' }
}

/** The process itself: it should end by itself with code 0 and have run something. */
function outcomeOfFile(
  name: string,
  failure: Failure | null,
  tests: number,
  overdue: number | null,
  output: readonly string[],
): Outcome | null {
  if (!failure) return tests > 0 ? null : { name, result: 'failed', detail: 'there is no test in it' }
  if (failure.kind === 'subtestsFailed') return null
  const how =
    overdue === null
      ? `its process ended with ${failure.signal ?? failure.exitCode ?? 'an error'}`
      : `it did not end within ${overdue} s`
  const tail = output.join('').trimEnd().split('\n').slice(-TAIL).join('\n')
  return { name, result: 'failed', detail: `${how}\n${tail}`.trimEnd() }
}

/** With the stack of our own code. */
function told(cause: unknown): string {
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)
  return text.replaceAll(/\n\s+at .*node:internal.*/g, '')
}
