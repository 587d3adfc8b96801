/** A VPS's record as the configuration of the OCI runtime: runtime-spec config.md, config-linux.md. The keeper adds what only it knows. */

import type { VpsRecord } from '../record.ts'
import { seccomp } from './seccomp.ts'

/**
 * What root of a VPS may do to its own VPS. All are bounded by the VPS's user namespace. Left out: what acts on the whole machine or its
 * hardware (modules, raw IO, clocks, MAC policy, kernel log, suspend, BPF, performance counters), and CAP_SYS_RESOURCE, which would lift the
 * VPS's own limits and which the node's root may not have itself.
 */
const CAPABILITIES = [
  'AUDIT_CONTROL',
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'IPC_LOCK',
  'IPC_OWNER',
  'KILL',
  'LEASE',
  'LINUX_IMMUTABLE',
  'MKNOD',
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_CHROOT',
  'SYS_NICE',
  'SYS_PTRACE',
  'SYS_TTY_CONFIG',
].map((name) => `CAP_${name}`)

/** Show the node or act on it; the kernel denies most of them anyway, because their owner is the node's root. */
const MASKED = [
  '/proc/kcore',
  '/proc/keys',
  '/proc/kallsyms',
  '/proc/kmsg',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/sysrq-trigger',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/acpi',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/kernel/debug',
  '/sys/kernel/security',
  '/sys/kernel/tracing',
  '/sys/devices/virtual/powercap',
]
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq']

export interface BundleContext {
  /** Cgroup of the VPS, "insula/101". */
  readonly cgroup: string
  /** lxcfs's mount point and the files it serves now; [] while it does not. */
  readonly lxcfs: { readonly mountPoint: string; readonly files: readonly string[] }
  /** Its init. */
  readonly args: readonly string[]
}

export function bundleOf(vps: VpsRecord, context: BundleContext): unknown {
  const bind = (source: string, destination: string) => ({
    destination,
    type: 'bind',
    source,
    options: ['bind', 'ro', 'nosuid', 'nodev', 'noexec'],
  })
  return {
    ociVersion: '1.0.2',
    hostname: vps.hostname.split('.')[0],
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: context.args,
      cwd: '/',
      // systemd and others read `container` to know that they run in one. https://systemd.io/CONTAINER_INTERFACE
      env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'TERM=linux',
        'container=insula',
        `container_uuid=${uuidOf(vps)}`,
      ],
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES, inheritable: [], ambient: [] },
      noNewPrivileges: false,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=1m'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5', 'max=256'],
      },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'nodev', 'mode=1777'] },
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
      // Read-only: then udev and others leave the node's devices alone.
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['rw', 'nosuid', 'noexec', 'nodev'] },
      { destination: '/run', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=755'] },
      ...context.lxcfs.files.map((file) => bind(`${context.lxcfs.mountPoint}/${file}`, `/${file}`)),
    ],
    linux: {
      cgroupsPath: `/${context.cgroup}/vps`,
      // So that what the keeper mounts later (a renewed lxcfs) reaches services with mount namespaces of their own.
      rootfsPropagation: 'rshared',
      namespaces: [
        { type: 'user' },
        { type: 'pid' },
        { type: 'mount' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'network' },
        { type: 'cgroup' },
      ],
      // No device cgroup: root of a user namespace can make no device node but the harmless ones that insula-listener makes for it, so there is
      // nothing to filter; and crun's BPF filter needs CAP_SYS_RESOURCE, which the node's root may lack.
      seccomp: seccomp(),
      maskedPaths: MASKED,
      readonlyPaths: READ_ONLY,
    },
  }
}

/** Stable for a VPS, different for every other: made of what never changes. */
function uuidOf(vps: VpsRecord): string {
  const hex = `${Date.parse(vps.createdAt).toString(16).padStart(12, '0')}${vps.base.toString(16).padStart(8, '0')}${vps.id.toString(16).padStart(12, '0')}`
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
