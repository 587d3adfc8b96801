/** ProcessRunner on the running kernel. */

import { type ChildProcess, spawn } from 'node:child_process'
import { CLEAN_ENVIRONMENT } from './environment.ts'
import { ProcessFailed, type ProcessRunner, type RunOptions, type RunResult } from './runner.ts'

const DEADLINE_MS = 60_000
/** Output kept in memory; a command that says more is misbehaving, and only its end is of use. */
const MOST_OUTPUT = 64 * 1024 * 1024

/** Debian packages of the tools that are run, for the remedy when one is missing. */
const PACKAGES: Readonly<Record<string, string>> = {
  crun: 'crun',
  ip: 'iproute2',
  lxcfs: 'lxcfs',
  'mkfs.xfs': 'xfsprogs',
  mmdebstrap: 'mmdebstrap',
  nft: 'nftables',
  unshare: 'util-linux',
}

export function realProcessRunner(): ProcessRunner {
  return { run }
}

function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  // Not an async function: the process is started before this returns.
  const child = spawn(argv[0], argv.slice(1), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...CLEAN_ENVIRONMENT, ...options.env },
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  })
  return new Promise((resolve, reject) => {
    let reason: string | undefined
    const stop = (why: string): void => {
      reason ??= why
      killGroup(child)
    }
    const deadline = options.deadline ?? DEADLINE_MS
    const timer = setTimeout(() => stop(`did not end within ${deadline / 1000} s and was killed`), deadline)
    const cancel = (): void => stop('was cancelled')
    if (options.signal?.aborted) cancel()
    options.signal?.addEventListener('abort', cancel, { once: true })

    const stdout = collect(child, 'stdout', options.onLine)
    const stderr = collect(child, 'stderr', options.onLine)
    // A command that ends without reading its input is no error of ours.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input ?? '')

    const settle = (): void => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', cancel)
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      settle()
      reject(new ProcessFailed(argv, null, null, '', couldNotStart(argv[0], error)))
    })
    child.once('close', (code, signal) => {
      settle()
      const accepted = reason === undefined && code !== null && (options.accept ?? [0]).includes(code)
      if (accepted) resolve({ code, stdout: stdout(), stderr: stderr() })
      else reject(new ProcessFailed(argv, code, signal, stderr(), reason))
    })
  })
}

function couldNotStart(command: string, error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') return `could not be started (${error.code ?? error.message})`
  const name = PACKAGES[command]
  return name === undefined ? 'was not found' : `was not found; install it with: apt-get install ${name}`
}

/** The whole group: what the command itself started goes too. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr', onLine: RunOptions['onLine']): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  let line = ''
  child[name]?.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    while (bytes > MOST_OUTPUT && chunks.length > 1) bytes -= chunks.shift()?.length ?? 0
    if (!onLine) return
    const lines = (line + chunk.toString()).split(/\r?\n|\r/)
    line = lines.pop() ?? ''
    for (const complete of lines) onLine(complete, name)
  })
  child[name]?.once('end', () => {
    if (onLine && line !== '') onLine(line, name)
  })
  return () => Buffer.concat(chunks).toString()
}
