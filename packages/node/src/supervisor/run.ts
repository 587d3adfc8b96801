/**
 * The supervisor: starts the children, starts each again when it ends, and keeps their descriptors meanwhile. They live on when it is
 * killed, and the next one adopts them.
 */

import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import {
  becomeSubreaper,
  type ExitWatch,
  realFileCalls,
  reapStrays,
  receiveNotifications,
  startService,
  realExitWatch,
} from '@insula/kernel'
import { findMarked, MARK } from './adoption.ts'
import { type ChildSpec, logFile, pidFile, type Place } from './children.ts'
import { keepDescriptors, type KeptDescriptors } from './kept-descriptors.ts'
import { rotate } from './log-file.ts'
import { type Running, type Supervised, supervise } from './supervised.ts'
import { titleOf } from './supervisor-pid.ts'

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const
/** For so long an init whose keeper was killed waits for the next one to see how it ended. */
const SEEN_MS = 300
/** Compiled code is written out once everything that a start needs was loaded. */
const FLUSH_MS = 5_000

/** Resolves when a signal has stopped it and all children have ended, or at once with false when another one runs for this place. */
export async function runSupervisor(place: Place, specs: readonly ChildSpec[]): Promise<boolean> {
  const lock = lockPlace(place)
  if (lock === null) return false
  process.title = titleOf(place)
  // Whoever started us may be gone.
  process.stderr.on('error', () => undefined)
  process.on('SIGHUP', () => undefined)
  const stopSignal = Promise.race(
    STOP_SIGNALS.map((signal) => new Promise<NodeJS.Signals>((resolve) => process.on(signal, resolve))),
  )
  writeFileSync(pidFile(place, 'supervisor'), `${process.pid}\n`)

  const kept = keepDescriptors()
  const children = new Map<ChildSpec, Supervised>()
  // What a killed keeper leaves behind comes to us; not every system has an init that would reap it. Inits of VPSs are among it.
  becomeSubreaper()
  using _strays = reapStrays((pid) => [...children.values()].some((child) => child.pid() === pid), SEEN_MS)
  using exits = realExitWatch()
  using _notifications = receiveNotifications(notifySocket(place), (message) => {
    const sender = [...children].find(([, child]) => child.pid() === message.pid)?.[0]
    kept.accept(sender?.storesDescriptors ? sender.name : null, message)
  })
  for (const spec of specs) {
    children.set(
      spec,
      supervise({
        name: spec.name,
        pidFile: pidFile(place, spec.name),
        adopt: () => adopt(place, spec, exits),
        start: () => start(place, spec, kept),
        log,
      }),
    )
  }
  setTimeout(flushCompileCache, FLUSH_MS).unref()

  const signal = await stopSignal
  log(`${signal}: stopping`)
  for (const [spec, child] of [...children].toReversed()) {
    await child.stop(spec.understands.includes(signal) ? signal : 'SIGTERM', spec.patience)
  }
  rmSync(pidFile(place, 'supervisor'), { force: true })
  closeSync(lock)
  return true
}

/** The descriptor that holds the lock, or null when another supervisor has it. It ends with its holder, however that ends. */
export function lockPlace(place: Place): number | null {
  mkdirSync(place.run, { recursive: true })
  mkdirSync(place.logs, { recursive: true, mode: 0o750 })
  const fd = openSync(join(place.run, 'supervisor.lock'), 'a', 0o600)
  if (realFileCalls().lock(fd)) return fd
  closeSync(fd)
  return null
}

/** What the user is told who starts a second one. */
export function alreadyRuns(place: Place): string {
  return `insula-supervisor of instance ${place.name} runs already${pidIn(pidFile(place, 'supervisor'))}`
}

function pidIn(file: string): string {
  try {
    return ` (pid ${readFileSync(file, 'utf8').trim()})`
  } catch {
    return ''
  }
}

function adopt(place: Place, spec: ChildSpec, exits: ExitWatch): Running | null {
  const pid = findMarked(pidFile(place, spec.name))
  if (pid === null) return null
  const ended = new Promise<string>((resolve) => exits.watch(pid, (end) => resolve(howItEnded(end))))
  return { pid, ended }
}

function start(place: Place, spec: ChildSpec, kept: KeptDescriptors): Running {
  rotate(logFile(place, spec.name))
  const descriptors = [...kept.of(spec.name)]
  const { pid, ended } = startService(spec.argv, {
    log: logFile(place, spec.name),
    descriptors: descriptors.map(([, fd]) => fd),
    env: {
      ...spec.env,
      [MARK]: pidFile(place, spec.name),
      ...(spec.storesDescriptors ? { NOTIFY_SOCKET: notifySocket(place) } : {}),
      ...(descriptors.length === 0
        ? {}
        : { LISTEN_FDS: `${descriptors.length}`, LISTEN_FDNAMES: descriptors.map(([name]) => name).join(':') }),
    },
  })
  return { pid, ended: ended.then(howItEnded) }
}

function howItEnded(end: { readonly code: number | null; readonly signal: string | number | null }): string {
  if (end.signal !== null) return `was ended by ${typeof end.signal === 'number' ? `signal ${end.signal}` : end.signal}`
  return end.code === null ? 'has ended' : `ended with exit code ${end.code}`
}

const notifySocket = (place: Place): string => join(place.run, 'notify.sock')

const log = (message: string): void => void process.stderr.write(`${new Date().toISOString()} ${message}\n`)
