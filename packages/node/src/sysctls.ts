/** Kernel settings that a node with hundreds of VPSs needs; `up` sets them, `insula doctor` checks them. */

import type { SysctlNeed } from '@insula/kernel'

export const SYSCTLS: readonly SysctlNeed[] = [
  { name: 'net.ipv4.ip_forward', atLeast: 1, why: 'packets of VPSs are routed by the node' },
  {
    name: 'fs.inotify.max_user_instances',
    atLeast: 1_024,
    why: 'systemd and others inside use inotify; counted per VPS, bounded by this',
  },
  { name: 'fs.inotify.max_user_watches', atLeast: 524_288, why: 'as above, for watches' },
  { name: 'fs.inotify.max_queued_events', atLeast: 32_768, why: 'as above, for events that wait' },
  { name: 'kernel.pid_max', atLeast: 4_194_304, why: 'all processes of all VPSs share the numbers' },
  // The kernel's ceiling: then a VPS that opens all it can ends at its own limits of memory and descriptors, and not at the node's last terminal.
  { name: 'kernel.pty.max', atLeast: 1_048_576, why: 'each VPS has a console, each session a terminal' },
  { name: 'fs.aio-max-nr', atLeast: 16_777_216, why: 'databases of all VPSs share the contexts of asynchronous IO' },
  { name: 'kernel.keys.maxkeys', atLeast: 2_000, why: 'keyrings of the users inside' },
  { name: 'kernel.keys.maxbytes', atLeast: 2_000_000, why: 'as above, in bytes' },
  { name: 'user.max_user_namespaces', atLeast: 16_384, why: 'each VPS is one, services inside make more' },
  { name: 'vm.max_map_count', atLeast: 262_144, why: 'databases inside ask for it' },
  { name: 'net.ipv4.neigh.default.gc_thresh1', atLeast: 1_024, why: 'the neighbour table is shared by all network namespaces' },
  { name: 'net.ipv4.neigh.default.gc_thresh2', atLeast: 4_096, why: 'as above' },
  { name: 'net.ipv4.neigh.default.gc_thresh3', atLeast: 8_192, why: 'as above' },
]
