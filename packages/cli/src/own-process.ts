/** What a command uses of the process it runs in. */

import { isatty } from 'node:tty'
import { type OwnOutput, ownOutput } from './own-output.ts'

export interface OwnProcess {
  readonly output: OwnOutput
  readonly env: Readonly<Record<string, string | undefined>>
  /** As it was started: is it a terminal? */
  readonly terminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }
  /** Columns of the terminal that stdout is; null when it is none. */
  readonly width: number | null
  /** Goes where it keeps nobody from unmounting anything. */
  leaveDirectory(): void
}

/** Asks for each only when it is used: that costs a millisecond or more. */
export function ownProcess(): OwnProcess {
  return {
    output: ownOutput(),
    env: process.env,
    terminal: {
      get stdin() {
        return isatty(0)
      },
      get stdout() {
        return isatty(1)
      },
      get stderr() {
        return isatty(2)
      },
    },
    get width() {
      return isatty(1) ? process.stdout.columns : null
    },
    leaveDirectory: () => process.chdir('/'),
  }
}
