/** What system a tree is, found by looking: nothing of it is run, and no link of it is followed out of it. */

import { closeSync, fstatSync, lstatSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Init } from '../template.ts'

export interface FoundInit {
  /** Where it was found, and what that leads to, from "/". */
  readonly path: string
  readonly program: string
  readonly init: Init
  readonly stopSignal: string
}

/** Where inits are, the likeliest first. */
const INITS = ['/sbin/init', '/usr/sbin/init', '/lib/systemd/systemd', '/usr/lib/systemd/systemd', '/bin/init', '/init']

export function findInit(tree: string): FoundInit | null {
  for (const path of INITS) {
    const program = resolveIn(tree, path)
    const stats = program === null ? undefined : lstatSync(join(tree, program), { throwIfNoEntry: false })
    if (program === null || !stats?.isFile() || (stats.mode & 0o111) === 0) continue
    return { path, program, ...kindOf(program) }
  }
  return null
}

function kindOf(program: string): Pick<FoundInit, 'init' | 'stopSignal'> {
  const name = posix.basename(program)
  // systemd(1), SIGNALS
  if (name === 'systemd') return { init: 'systemd', stopSignal: 'SIGRTMIN+3' }
  // BusyBox's init powers off.
  if (name === 'busybox') return { init: 'busybox', stopSignal: 'SIGUSR2' }
  // init(8) of System V and its kin: a power failure, of which /etc/inittab says what to do. What does not obey is killed.
  return { init: 'sysvinit', stopSignal: 'SIGPWR' }
}

/** Of an ELF program: whether this node's processor runs it. A script may be of any. */
export function runsHere(tree: string, program: string): boolean {
  const header = Buffer.alloc(20)
  const fd = openSync(join(tree, program), 'r')
  try {
    readSync(fd, header, 0, header.length, 0)
  } finally {
    closeSync(fd)
  }
  if (header.toString('latin1', 0, 4) !== '\x7fELF') return true
  const [I386, X86_64] = [3, 62]
  return [I386, X86_64].includes(header.readUInt16LE(18))
}

export interface OsRelease {
  /** What it is like: \"debian\" for Ubuntu. */
  readonly family: string
  readonly id: string
  readonly version: string
  readonly name: string
}

/** os-release(5). What it does not say is "unknown". */
export function osRelease(tree: string): OsRelease {
  const text = readIn(tree, '/etc/os-release') ?? readIn(tree, '/usr/lib/os-release') ?? ''
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = /^([A-Z_]+)=(.*)$/.exec(line) ?? []
    // From one line, and of what can be shown.
    if (key !== '')
      values.set(
        key,
        value
          .replace(/^(["'])(.*)\1$/, '$2')
          .replace(/[^\x20-\x7e]/g, '')
          .slice(0, 100),
      )
  }
  const [id, version] = [values.get('ID') ?? 'unknown', values.get('VERSION_ID') ?? 'unknown']
  const like = [id, ...(values.get('ID_LIKE') ?? '').split(' ')]
  return { id, family: FAMILIES.find((family) => like.includes(family)) ?? id, version, name: values.get('PRETTY_NAME') ?? id }
}

/** Of which application templates speak. */
const FAMILIES = ['debian', 'rhel']

const MOST_BYTES = 65_536

function readIn(tree: string, path: string): string | null {
  const real = resolveIn(tree, path)
  if (real === null) return null
  const fd = openSync(join(tree, real), 'r')
  try {
    const stats = fstatSync(fd)
    return stats.isFile() && stats.size <= MOST_BYTES ? readFileSync(fd, 'utf8') : null
  } finally {
    closeSync(fd)
  }
}

const MOST_LINKS = 40

/** As the tree's own kernel would walk: "/" is the tree, and so is what lies above it. null when it leads to nothing, or to no file. */
export function resolveIn(tree: string, path: string): string | null {
  let rest = path.split('/').filter(Boolean)
  let at = '/'
  for (let links = 0; rest.length > 0;) {
    const [step = '', ...more] = rest
    const next = posix.join(at, step)
    const stats = lstatSync(join(tree, next), { throwIfNoEntry: false })
    if (stats === undefined || (more.length > 0 && !stats.isDirectory() && !stats.isSymbolicLink())) return null
    if (!stats.isSymbolicLink()) {
      at = next
      rest = more
      continue
    }
    if (++links > MOST_LINKS) return null
    const target = readlinkSync(join(tree, next))
    rest = [...target.split('/').filter(Boolean), ...more]
    if (target.startsWith('/')) at = '/'
  }
  const stats = lstatSync(join(tree, at), { throwIfNoEntry: false })
  return stats?.isFile() === true ? at : null
}
