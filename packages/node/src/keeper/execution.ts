/**
 * Runs one command inside a running VPS through `crun exec`, on real pipes or on a pty of the VPS's own devpts, as a user of the VPS's own
 * /etc/passwd.
 */

import { randomUUID } from 'node:crypto'
import { closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { getSystemErrorMessage } from 'node:util'
import {
  awaitDescriptor,
  type Cgroups,
  type Descriptor,
  type ExecCall,
  type GiveDescriptor,
  lastLogMessage,
  type MountNamespace,
  neverBlock,
  type OpenConfinedRoot,
  openPipe,
  type PrivateMounts,
  resizePty,
  type Runtime,
  type RuntimeEnd,
} from '@insula/kernel'
import { type Account, findAccount } from './account.ts'
import { pipeSink, pipeSource, ptySink, ptySource, type Source } from './byte-stream.ts'
import { KeeperError } from './errors.ts'
import { type FirstWords, firstWords } from './first-words.ts'
import type { ExecEnd, ExecRequest, ExecSession, OutputSink } from './keeper.ts'

export interface ExecMeans {
  readonly cgroups: Cgroups
  readonly mounts: PrivateMounts
  readonly runtime: Runtime
  /** A lasting mount namespace whose /sys/fs/cgroup is the v2 tree. */
  readonly runtimeMounts: MountNamespace
  readonly openRoot: OpenConfinedRoot
  readonly give: GiveDescriptor
  /** For short-lived files of each command; on tmpfs. */
  readonly scratch: string
  readonly signal: (pid: number, signal: string) => void
}

export interface ExecTarget {
  readonly id: string
  readonly pid: number
  readonly bundle: string
  readonly base: number
  readonly cgroup: string
  /** Whether its init has ended or is about to. */
  readonly ending: () => boolean
}

/** After the command itself has ended: so many rounds without output mean that only a background child still holds the pipes. */
const QUIET_ROUNDS = 5
const ROUND_MS = 20
/** After hang-up, until the command is killed. */
const HANGUP_MS = 2_000
/** The runtime's code when it fails without a word, as when init ends between two of its steps. */
const UNSAID = 255
const EXEC_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** @throws KeeperError user_unknown, exec_not_found, exec_not_executable, exec_no_process, exec_failed */
export async function execute(means: ExecMeans, target: ExecTarget, request: ExecRequest, out: OutputSink): Promise<ExecSession> {
  const name = join(means.scratch, randomUUID())
  const files = { process: `${name}.json`, pid: `${name}.pid`, log: `${name}.log`, socket: `${name}.sock` }
  const account = accountOf(means, target.pid, request)
  writeFileSync(files.process, JSON.stringify(processOf(means, target, request, account)))
  writeFileSync(files.log, '')
  const run: Run = (stdio, consoleSocket) => {
    // What runs inside may have filled its memory or its CPU time, or stand still: the keeper's own thread must not go there.
    using door = means.cgroups.door(target.cgroup)
    const options = { processFile: files.process, pidFile: files.pid, log: files.log, consoleSocket, stdio, door }
    return means.mounts.inNamespace(means.runtimeMounts, () => means.runtime.exec(target.id, options))
  }
  const refusal: Refusal = ({ code }) => {
    const why = code === 0 ? '' : lastLogMessage(files.log)
    return why === '' && code === UNSAID && target.ending() ? 'the runtime gave up' : why
  }
  const finish: Finish = ({ code, signal }) => {
    const why = refusal({ code, signal })
    for (const file of Object.values(files)) rmSync(file, { force: true })
    if (why !== '') throw isDirectory(means, target.pid, request) ? noProgram(request) : refused(why, request)
    if (code !== null) return { code }
    // The runtime itself was killed.
    const name = (signal ?? 'SIGKILL') as NodeJS.Signals
    return { signal: name, number: constants.signals[name] }
  }
  const pidOf = (): number | null => {
    try {
      return Number(readFileSync(files.pid, 'utf8')) || null
    } catch {
      return null
    }
  }
  const signal = (name: string): void => {
    const pid = pidOf()
    if (pid !== null) means.signal(pid, name)
  }
  const hangUp = async (): Promise<void> => {
    signal('SIGHUP')
    await sleep(HANGUP_MS, undefined, { ref: false })
    // The pid file goes when the command has ended.
    signal('SIGKILL')
  }
  const job: Job = { run, refusal, ending: target.ending, finish, signal, hangUp }
  if (request.tty) return onPty(job, files.socket, request.tty, out)
  return onPipes(job, (fd) => means.give(fd, target.base + account.uid, target.base + account.gid), out)
}

type Run = (stdio: readonly [Descriptor, Descriptor, Descriptor], consoleSocket: string | null) => ExecCall
/** Why the runtime did not run the command; '' when it did. */
type Refusal = (end: RuntimeEnd) => string
type Finish = (end: RuntimeEnd) => ExecEnd

/** One command, however its input and output are connected. */
interface Job {
  readonly run: Run
  readonly refusal: Refusal
  readonly ending: () => boolean
  readonly finish: Finish
  readonly signal: (name: string) => void
  readonly hangUp: () => Promise<void>
}

async function onPipes(job: Job, give: (fd: number) => void, out: OutputSink): Promise<ExecSession> {
  const pipes = [openPipe(), openPipe(), openPipe()] as const
  const [input, output, errors] = pipes
  // The command may open /dev/stdout again, so it must own its pipes.
  for (const end of [input.read, output.write, errors.write]) give(end)
  let call: ExecCall
  try {
    call = job.run([input.read, output.write, errors.write], null)
  } catch (error) {
    for (const { read, write } of pipes) for (const end of [read, write]) closeSync(end)
    throw new KeeperError('exec_failed', (error as Error).message, error)
  }
  for (const end of [input.read, output.write, errors.write]) closeSync(end)
  const stdin = pipeSink(input.write)
  const words = firstWords(call.begun, out.stderr)
  const sources = [pipeSource(output.read, out.stdout), pipeSource(errors.read, words.take)]
  let isLeft = false
  return {
    ended: call.ended.then(async (end) => {
      const why = job.refusal(end)
      if (why === '') words.release()
      await drain(sources, () => isLeft)
      settleWords(words, why, job)
      stdin.end()
      return job.finish(end)
    }),
    signal: job.signal,
    write: (chunk) => stdin.write(chunk),
    end: () => stdin.end(),
    resize: () => undefined,
    pause: () => sources.forEach((source) => source.pause()),
    resume: () => sources.forEach((source) => source.resume()),
    close: () => {
      isLeft = true
      stdin.end()
      void job.hangUp()
    },
  }
}

async function onPty(
  job: Job,
  socket: string,
  size: { readonly cols: number; readonly rows: number },
  out: OutputSink,
): Promise<ExecSession> {
  const handover = awaitDescriptor(socket)
  const call = job.run(['null', 'null', 'null'], socket)
  const ending = call.ended
  void ending.then(() => handover.cancel())
  const master = await handover.received
  if (master === null) {
    job.finish(await ending)
    throw new KeeperError('exec_failed', 'the runtime handed over no terminal')
  }
  neverBlock(master)
  resizePty(master, size.cols, size.rows)
  const stdin = ptySink(master)
  const words = firstWords(call.begun, out.stdout)
  const source = ptySource(master, words.take)
  let isLeft = false
  return {
    ended: ending.then(async (end) => {
      const why = job.refusal(end)
      if (why === '') words.release()
      await drain([source], () => isLeft)
      settleWords(words, why, job)
      stdin.close()
      return job.finish(end)
    }),
    signal: job.signal,
    write: (chunk) => stdin.write(chunk),
    end: () => undefined,
    resize: (cols, rows) => resizePty(master, cols, rows),
    pause: () => source.pause(),
    resume: () => source.resume(),
    close: () => {
      isLeft = true
      void job.hangUp()
    },
  }
}

/** EAGAIN of fork(2): the runtime needs several processes inside before the command is one. */
const NO_PROCESS = /resource temporarily unavailable/i

/** With the end of init, or of what may be forked, the runtime stumbles at several places, and writes more than what is in its log. */
function settleWords(words: FirstWords, why: string, { ending }: Job): void {
  if (why !== '' && (ending() || NO_PROCESS.test(why))) words.drop()
  else words.releaseUnless(why)
}

/**
 * Waits for end of file, but not for background children that keep the pipes open: what the command itself wrote is there already. Rounds of
 * the event loop are counted, not time: a busy keeper must not take its own delay for silence. A child that never falls silent is listened to for as long as
 * somebody is there.
 */
async function drain(sources: readonly Source[], isLeft: () => boolean): Promise<void> {
  let finished = false
  const all = Promise.all(sources.map((source) => source.finished)).then(() => (finished = true))
  for (let quiet = 0; !finished && !isLeft() && quiet < QUIET_ROUNDS; quiet += 1) {
    await Promise.race([all, sleep(ROUND_MS)])
    if (sources.map((source) => source.stirred()).includes(true)) quiet = 0
  }
  for (const source of sources) source.close()
}

function accountOf(means: ExecMeans, pid: number, request: ExecRequest): Account {
  using root = means.openRoot(`/proc/${pid}/root`)
  return findAccount(root, request.user ?? 'root')
}

interface BundleConfig {
  readonly process: { readonly capabilities?: { readonly bounding?: readonly string[] }; readonly env?: readonly string[] }
}

/** The OCI process of a command: runtime-spec config.md, "process". */
function processOf(means: ExecMeans, target: ExecTarget, request: ExecRequest, account: Account): unknown {
  const config = JSON.parse(readFileSync(join(target.bundle, 'config.json'), 'utf8')) as BundleConfig
  const bounding = config.process.capabilities?.bounding ?? []
  const held = account.uid === 0 ? bounding : []
  const env: Record<string, string> = {
    PATH: EXEC_PATH,
    HOME: account.home,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: account.shell,
    LANG: 'C.UTF-8',
    ...(request.tty ? { TERM: request.tty.term } : {}),
    ...request.env,
  }
  return {
    terminal: request.tty !== undefined,
    user: { uid: account.uid, gid: account.gid, additionalGids: account.groups },
    args: request.argv,
    cwd: directoryOf(means, target, request, account),
    env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    capabilities: { bounding, effective: held, permitted: held, inheritable: [], ambient: [] },
    noNewPrivileges: false,
  }
}

/** crun enters it as root of the VPS; what the user may not enter must be found out before. @throws KeeperError exec_not_executable */
function directoryOf(means: ExecMeans, { pid, base }: ExecTarget, request: ExecRequest, account: Account): string {
  using root = means.openRoot(`/proc/${pid}/root`)
  const visitor = { uid: base + account.uid, gid: base + account.gid, groups: account.groups.map((group) => base + group) }
  const refusal = (path: string): string | null => (account.uid === 0 ? null : root.refusesEntry(path, visitor))
  // As login(1) does without a home directory.
  if (request.cwd === undefined) return root.isDirectory(account.home) && !refusal(account.home) ? account.home : '/'
  const code = refusal(request.cwd)
  if (code !== null) throw noEntry(request.cwd, inWords(code))
  return request.cwd
}

function noEntry(directory: string, why: string): KeeperError {
  return new KeeperError('exec_not_executable', `${directory}: cannot be entered: ${why}`)
}

/** "Permission denied", as shells write it. */
function inWords(code: string): string {
  const words = getSystemErrorMessage(-(constants.errno[code as keyof typeof constants.errno] ?? 0)) ?? code
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The runtime finds out, and stumbles over it with words that do not say so. */
function isDirectory(means: ExecMeans, pid: number, { argv: [command = ''] }: ExecRequest): boolean {
  if (!command.startsWith('/')) return false
  try {
    using root = means.openRoot(`/proc/${pid}/root`)
    return root.isDirectory(command)
  } catch {
    // It is gone meanwhile.
    return false
  }
}

const noProgram = ({ argv: [command = ''] }: ExecRequest): KeeperError =>
  new KeeperError('exec_not_executable', `${command}: is a directory`)

/** crun tells why only in words. */
function refused(message: string, request: ExecRequest): KeeperError {
  const command = request.argv[0] ?? ''
  if (/chdir|cwd/i.test(message)) return noEntry(request.cwd ?? '/', message.replace(/^chdir (?:to )?`.*`: /, ''))
  // A shell says that of an empty name too; the runtime stumbles over a directory.
  if (command === '') return new KeeperError('exec_not_found', "'': command not found")
  if (/no such file|not found/i.test(message)) return new KeeperError('exec_not_found', `${command}: command not found`)
  if (/permission denied|not permitted|exec format|is a directory/i.test(message)) {
    return new KeeperError('exec_not_executable', `${command}: cannot be executed: ${message}`)
  }
  if (NO_PROCESS.test(message)) return new KeeperError('exec_no_process', message)
  return new KeeperError('exec_failed', message)
}
