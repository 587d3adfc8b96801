/** The user's terminal while a pty of a VPS is shown on it. */

import type { ReadStream, WriteStream } from 'node:tty'
import { rawOutput } from './raw-output.ts'

export interface TerminalSize {
  readonly cols: number
  readonly rows: number
}

const DEFAULT_SIZE: TerminalSize = { cols: 80, rows: 24 }

export function terminalSize(stdout: WriteStream): TerminalSize {
  return stdout.isTTY && stdout.columns > 0 && stdout.rows > 0 ? { cols: stdout.columns, rows: stdout.rows } : DEFAULT_SIZE
}

/**
 * Raw mode until disposed, and again after the process was stopped and continued. Also undone when the process exits in another way:
 * by process.exit() here, by a fatal signal through Node itself, which restores the modes it found.
 */
export function rawTerminal(stdin: ReadStream, stdout: WriteStream, onSize: (size: TerminalSize) => void): Disposable {
  if (!stdin.isTTY) return { [Symbol.dispose]: () => undefined }
  const restore = () => void stdin.setRawMode(false)
  const resized = () => onSize(terminalSize(stdout))
  const continued = () => {
    stdin.setRawMode(false)
    stdin.setRawMode(true)
    rawOutput()
    resized()
  }
  stdin.setRawMode(true)
  rawOutput()
  process.on('exit', restore).on('SIGCONT', continued)
  stdout.on('resize', resized)
  return {
    [Symbol.dispose]: () => {
      process.off('exit', restore).off('SIGCONT', continued)
      stdout.off('resize', resized)
      restore()
    },
  }
}
