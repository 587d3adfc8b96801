/** What became of one test, whatever ran it. */

export interface Outcome {
  /** "suite > test". */
  readonly name: string
  readonly result: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped, or how it failed; '' when it passed. */
  readonly detail: string
}

/** A file of tests, or one command of the check tier. */
export interface Report {
  readonly subject: string
  readonly seconds: number
  readonly outcomes: readonly Outcome[]
}
