/** Runs one command inside a VPS on the streams of this process; what `exec` and `enter` share. */

import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'
import { pathFor, streams } from '@insula/contract/endpoints'
import type { ExecOpen, SessionClientMessage } from '@insula/contract/light'
import { UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import { openWebSocket } from '../transport/websocket.ts'
import { type ExecSession, type SessionStreams, execSession } from './exec-session.ts'

export const runOptions = {
  user: {
    short: 'u',
    value: 'USER',
    about: 'as this user of the VPS: NAME, UID, NAME:GROUP or UID:GID (default: root)',
    parse: userName,
  },
  workdir: { short: 'w', value: 'DIR', about: 'in this directory', parse: directory },
  env: { short: 'e', value: 'KEY=VALUE', many: true, about: 'with this in its environment (repeatable)', parse: environment },
} as const

interface RunOptions {
  readonly user: string | undefined
  readonly workdir: string | undefined
  readonly env: readonly (readonly [string, string])[]
}

export function openFor(argv: readonly string[], { user, workdir, env }: RunOptions): Omit<ExecOpen, 'tty'> {
  return {
    argv: [...argv],
    ...(user === undefined ? {} : { user }),
    ...(workdir === undefined ? {} : { cwd: workdir }),
    ...(env.length === 0 ? {} : { env: Object.fromEntries(env) }),
  }
}

export interface RunInVps {
  readonly vps: string
  readonly open: Omit<ExecOpen, 'tty'>
  /** undefined: a terminal exactly when stdin and stdout are. */
  readonly tty: boolean | undefined
}

/** As a shell would say it: the command's own code, 128 and the number of the signal that ended it. */
export async function runInVps(context: Context, { vps, open, tty }: RunInVps): Promise<number> {
  const socket = await openWebSocket(context, pathFor(streams.exec.path, { vps }))
  const onTerminal = tty ?? (isatty(0) && isatty(1))
  using tidy = new DisposableStack()
  const own: SessionStreams = {
    stdin: () => (isNull(0) ? null : process.stdin),
    stdout: context.stdout,
    stderr: context.stderr,
  }
  const session = onTerminal ? await withTerminal(tidy, context, socket, open, own) : execSession(socket, open, own)
  tidy.use(passSignals(session, onTerminal))
  const ended = await session.ended
  await context.flush()
  if ('signal' in ended) return 128 + ended.number
  if (ended.reason !== undefined) context.note(`insula: ${vps}: ${ended.reason}`)
  return ended.code & 0xff
}

async function withTerminal(
  tidy: DisposableStack,
  context: Context,
  socket: Parameters<typeof execSession>[0],
  open: RunInVps['open'],
  own: SessionStreams,
): Promise<ExecSession> {
  const { rawTerminal, terminalSize } = await import('./terminal.ts')
  const tty = { ...terminalSize(context.stdout()), term: context.env['TERM'] || 'xterm' }
  const session = execSession(socket, { ...open, tty }, own)
  tidy.use(rawTerminal(process.stdin, context.stdout(), (size) => session.tell({ type: 'resize', ...size })))
  return session
}

type Passed = Extract<SessionClientMessage, { type: 'signal' }>['signal']
const PASSED: readonly Passed[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']
const NUMBERS: Readonly<Record<Passed, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGUSR1: 10, SIGUSR2: 12, SIGTERM: 15 }
/** Of the same signal, until this process ends without waiting for the command. */
const PATIENCE = 3

/** Signals meant for the command reach it. On a terminal the keys already do; a signal from elsewhere then ends the session. */
function passSignals(session: ExecSession, onTerminal: boolean): Disposable {
  const counts = new Map<Passed, number>()
  const listeners = PASSED.map((signal) => {
    const listener = () => {
      const count = (counts.get(signal) ?? 0) + 1
      counts.set(signal, count)
      if (onTerminal || count === PATIENCE) {
        session.close()
        process.exit(128 + NUMBERS[signal])
      }
      session.tell({ type: 'signal', signal })
    }
    process.on(signal, listener)
    return [signal, listener] as const
  })
  return { [Symbol.dispose]: () => listeners.forEach(([signal, listener]) => process.off(signal, listener)) }
}

/** /dev/null, null(4): known to be at its end without the stream that Node would set up for it. */
function isNull(fd: number): boolean {
  const { rdev } = fstatSync(fd)
  return rdev === ((1 << 8) | 3)
}

function environment(text: string): readonly [string, string] {
  const equals = text.indexOf('=')
  if (equals < 1) throw new UsageError(`takes KEY=VALUE, not '${text}'`)
  return [text.slice(0, equals), text.slice(equals + 1)]
}

function userName(text: string): string {
  if (text !== '') return text
  throw new UsageError("takes NAME, UID, NAME:GROUP or UID:GID, not ''")
}

function directory(text: string): string {
  if (text !== '') return text
  throw new UsageError("takes a directory of the VPS such as /var/www, not ''")
}
