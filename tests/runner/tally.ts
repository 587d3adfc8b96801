/** Prints what happens as it happens, failures again at the end, and the one line that sums it up. */

import type { Outcome, Report } from './outcome.ts'

/** What one tier tells. */
export interface Told {
  tier(name: string, files: number): void
  report(report: Report): void
  /** What is worth knowing while it runs. */
  note(text: string): void
}

export interface Tally extends Told {
  /** A tier that this machine cannot run. */
  couldNot(tier: string, why: string): void
  /** Prints failures, skips and the last line; returns the exit code. */
  end(): number
}

export interface TallyOptions {
  /** "Could not" is a failure. */
  readonly strict: boolean
  /** Every test by name, not only those that did not pass. */
  readonly everyTest: boolean
  readonly print: (line: string) => void
}

export function openTally({ strict, everyTest, print }: TallyOptions): Tally {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const failures: { readonly subject: string; readonly outcome: Outcome }[] = []
  const refusals: string[] = []
  const began = Date.now()

  return {
    tier: (name, files) => print(`\n${name}${files > 0 ? ` (${files} files)` : ''}`),
    report({ subject, seconds, outcomes }) {
      const failed = outcomes.filter(({ result }) => result === 'failed')
      print(`  ${failed.length > 0 ? 'FAILED' : 'ok    '} ${subject} (${outcomes.length}, ${seconds.toFixed(1)} s)`)
      for (const outcome of outcomes) {
        counts[outcome.result]++
        if (outcome.result === 'failed') failures.push({ subject, outcome })
        if (outcome.result !== 'passed' || everyTest) print(`         ${lineOf(outcome)}`)
      }
    },
    note: (text) => print(`         ${text}`),
    couldNot(tier, why) {
      print(`\n${tier}\n  could not run: ${why}`)
      refusals.push(`${tier}: ${why}`)
      if (strict) counts.failed++
    },
    end() {
      for (const { subject, outcome } of failures) {
        print(`\nFAILED ${subject}${subject === outcome.name ? '' : ` > ${outcome.name}`}`)
        print(outcome.detail.replace(/^/gm, '  '))
      }
      print('')
      for (const refusal of refusals) print(`Could not run ${refusal}${strict ? ' (a failure here)' : ''}`)
      const none = counts.passed + counts.failed + counts.skipped === 0
      if (none) print('No test was run.')
      print(`Took ${Math.round((Date.now() - began) / 1000)} s`)
      print(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
      return counts.failed > 0 || none ? 1 : 0
    },
  }
}

function lineOf({ name, result, detail }: Outcome): string {
  if (result === 'passed') return `ok ${name}`
  return result === 'skipped' ? `skipped ${name}: ${detail}` : `FAILED ${name}`
}
