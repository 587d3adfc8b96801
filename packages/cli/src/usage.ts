/** The user's mistake, as one sentence. Ends the CLI with exit code 2 and the usage line. */

export class UsageError extends Error {
  override readonly name = 'UsageError'
}
