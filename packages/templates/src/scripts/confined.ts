/**
 * Runs a script of a definition where it can do no harm. bwrap(1) of bubblewrap makes its namespaces, and whatever the script has
 * started ends with it: it is init of a pid namespace, and dies with us.
 *
 * On the host it is nobody without a capability, sees the host's files and can write to its scratch directory alone. In the tree of a
 * system it is that system's root, with what installing software needs, and the tree is all that there is.
 */

import { realpathSync } from 'node:fs'

export interface Confinement {
  readonly where: 'host' | 'vps'
  /** Of the script, on the host. */
  readonly script: string
  /** Kept from the first script of a build to the last. */
  readonly scratch: string
  /** The system, if there is one yet. */
  readonly tree: string | null
  readonly network: boolean
}

/** As scripts see them. */
export const SCRATCH = '/run/insula/scratch'
export const ROOT = '/run/insula/root'
const SCRIPT = '/run/insula/script'

/** Settings of the kernel are root's to write, with or without capabilities, and most of them are the whole machine's. proc(5) */
export const kernelReadOnly = (proc: string): string[] =>
  ['sys', 'sysrq-trigger', 'irq', 'bus'].flatMap((name) => ['--ro-bind-try', `/proc/${name}`, `${proc}/${name}`])

/** What bwrap makes for its mounts is root's alone, unless told. */
const ENTRANCE = ['--perms', '0755', '--dir', '/run/insula'] as const

export const NOBODY = 65_534
/** Of processes of nobody, the others of the host included. */
const MOST_PROCESSES = 1_024

/** What package managers and their scripts use, and no more: no mounts, no devices, no modules, nobody else's processes. capabilities(7) */
export const OF_TREE = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETFCAP', 'SETGID', 'SETUID', 'SYS_CHROOT'] as const
/** To become nobody. */
const TO_LEAVE = ['SETGID', 'SETPCAP', 'SETUID'] as const

export function confinedArgv(one: Confinement): readonly [string, ...string[]] {
  return one.where === 'host' ? onHost(one) : inTree(one)
}

function onHost({ script, scratch, tree, network }: Confinement): readonly [string, ...string[]] {
  return [
    ...alone(network),
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    ...kernelReadOnly('/proc'),
    // Sockets of daemons are there, which a read-only file system does not keep anybody from.
    ...['/run', '/tmp', '/var/tmp'].flatMap((directory) => ['--tmpfs', directory]),
    ...(network ? resolver() : []),
    ...ENTRANCE,
    '--ro-bind',
    script,
    SCRIPT,
    '--bind',
    scratch,
    SCRATCH,
    ...(tree === null ? [] : ['--ro-bind', tree, ROOT]),
    '--chdir',
    SCRATCH,
    '--cap-drop',
    'ALL',
    ...capabilities(TO_LEAVE),
    '--',
    'setpriv',
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
    'prlimit',
    `--nproc=${MOST_PROCESSES}`,
    SCRIPT,
  ]
}

function inTree({ script, scratch, tree, network }: Confinement): readonly [string, ...string[]] {
  if (tree === null) throw new Error('a script of the system was to run before there is one')
  return [
    ...alone(network),
    '--bind',
    tree,
    '/',
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    ...kernelReadOnly('/proc'),
    '--tmpfs',
    '/run',
    '--tmpfs',
    '/tmp',
    ...ENTRANCE,
    '--ro-bind',
    script,
    SCRIPT,
    '--bind',
    scratch,
    SCRATCH,
    '--chdir',
    '/',
    '--cap-drop',
    'ALL',
    ...capabilities(OF_TREE),
    '--',
    SCRIPT,
  ]
}

function alone(network: boolean): readonly [string, ...string[]] {
  const spaces = [
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    ...(network ? [] : ['--unshare-net']),
  ]
  return ['bwrap', '--die-with-parent', '--new-session', ...spaces]
}

const capabilities = (names: readonly string[]): string[] => names.flatMap((name) => ['--cap-add', `CAP_${name}`])

/** /etc/resolv.conf may be a link into what is hidden. */
function resolver(): string[] {
  try {
    const real = realpathSync('/etc/resolv.conf')
    return real.startsWith('/run/') ? ['--ro-bind', real, real] : []
  } catch {
    return []
  }
}
