/** One command of the harness, on pipes or on a terminal. */

import { closeSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ReadStream } from 'node:tty'
import { openPipe, openPty, ProcessFailed, resizePty, startAttached } from '@insula/kernel'
import type { ToGuest } from '../messages.ts'

type Run = Extract<ToGuest, { kind: 'run' }>
type Output = (stream: 'stdout' | 'stderr', data: Buffer) => void

export interface Command {
  /** null: there is no more. */
  input(data: Buffer | null): void
  resize(columns: number, rows: number): void
  /** With all that it started in its session's first process group. */
  kill(): void
}

/** What it left in the background may hold its output for as long as it likes; nobody waits longer than this for more of it. */
const LATE_OUTPUT_MS = 1_000
/** What is on its way to a screen when the command ends. */
const SCREEN_MS = 100
const END_OF_INPUT = Buffer.from([4])

/** null when it could not be started, which is told as its output and its end. */
export function startCommand(run: Run, output: Output, end: (code: number) => void): Command | null {
  try {
    return run.terminal === undefined ? onPipes(run, output, end) : onTerminal(run, run.terminal, output, end)
  } catch (error) {
    if (!(error instanceof ProcessFailed)) throw error
    output('stderr', Buffer.from(`${error.message}\n`))
    end(127)
    return null
  }
}

/** startAttached has no directory to start in. env(1) */
const argvOf = ({ argv, cwd }: Run): readonly [string, ...string[]] => ['env', '-C', cwd, '--', ...argv]

function onPipes(run: Run, output: Output, end: (code: number) => void): Command {
  const [stdin, stdout, stderr] = [openPipe(), openPipe(), openPipe()]
  const { pid, ended } = startAttached(argvOf(run), { descriptors: [stdin.read, stdout.write, stderr.write], env: run.env })
  for (const descriptor of [stdin.read, stdout.write, stderr.write]) closeSync(descriptor)
  const input = new Socket({ fd: stdin.write, readable: false, writable: true })
  // It need not read all of it.
  input.on('error', () => input.destroy())
  const streams = (['stdout', 'stderr'] as const).map((name) => {
    const stream = new Socket({ fd: name === 'stdout' ? stdout.read : stderr.read, readable: true, writable: false })
    stream.on('data', (data: Buffer) => output(name, data))
    return { stream, closed: new Promise((resolve) => stream.once('close', resolve)) }
  })
  void ended.then(async ({ code, signal }) => {
    const late = setTimeout(() => streams.forEach(({ stream }) => stream.destroy()), LATE_OUTPUT_MS)
    await Promise.all(streams.map(({ closed }) => closed))
    clearTimeout(late)
    input.destroy()
    end(codeOf(code, signal))
  })
  return {
    input: (data) => void (data === null ? input.end() : input.write(data)),
    resize: () => {},
    kill: () => kill(pid),
  }
}

function onTerminal(run: Run, size: NonNullable<Run['terminal']>, output: Output, end: (code: number) => void): Command {
  const pty = openPty()
  resizePty(pty.master, size.columns, size.rows)
  // It is made the terminal of the command's own session. setsid(1)
  const argv = ['setsid', '--ctty', '--wait', ...argvOf(run)] as const
  const { pid, ended } = startAttached(argv, { descriptors: [pty.slave, pty.slave, pty.slave], env: run.env })
  const screen = new ReadStream(pty.master)
  screen.on('data', (data: Buffer) => output('stdout', data))
  screen.on('error', () => screen.destroy())
  void ended.then(async ({ code, signal }) => {
    await sleep(SCREEN_MS)
    screen.destroy()
    closeSync(pty.slave)
    end(codeOf(code, signal))
  })
  return {
    // What people type fits into a terminal's buffer.
    input: (data) => void (data === null ? writeSync(pty.master, END_OF_INPUT) : writeSync(pty.master, data)),
    resize: (columns, rows) => resizePty(pty.master, columns, rows),
    kill: () => kill(pid),
  }
}

function kill(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

/** As a shell tells it. */
const codeOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? (signal === null ? 127 : 128 + constants.signals[signal])
