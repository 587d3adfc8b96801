/** What tests outside this package read of the CLI: its commands and its help, for the golden files. */

export { type AnyCommand } from './command.ts'
export { allHelp } from './all-help.ts'
export { exitCodesDocument } from './exit-codes.ts'
