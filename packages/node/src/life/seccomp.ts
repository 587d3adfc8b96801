/**
 * System calls that no VPS may make. A list of refusals, not of permissions: a VPS runs any software of its distribution, and what user
 * namespaces already confine needs no second lock. Refused is what reaches past namespaces, or what is attack surface without a use inside.
 * seccomp(2); runtime-spec config-linux.md "Seccomp".
 */

const EPERM = 1
const ENOSYS = 38

interface Refusal {
  readonly why: string
  readonly errno: number
  readonly names: readonly string[]
}

const REFUSALS: readonly Refusal[] = [
  {
    why: "replaces or extends the node's kernel",
    errno: EPERM,
    names: ['kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'create_module'],
  },
  { why: 'opens files by inode number, past every mount boundary', errno: EPERM, names: ['open_by_handle_at'] },
  {
    why: "programs or traces in the node's kernel; software asks and goes on without",
    errno: EPERM,
    names: ['bpf', 'perf_event_open', 'lookup_dcookie'],
  },
  {
    why: 'a long record of holes, and no server needs it: software falls back',
    errno: ENOSYS,
    names: ['userfaultfd', 'io_uring_setup', 'io_uring_enter', 'io_uring_register'],
  },
  {
    why: "changes the node's swap, accounting or clock",
    errno: EPERM,
    names: ['swapon', 'swapoff', 'acct', 'settimeofday', 'clock_settime', 'stime'],
  },
  { why: 'reaches hardware ports', errno: EPERM, names: ['iopl', 'ioperm'] },
  {
    why: 'obsolete',
    errno: ENOSYS,
    names: ['nfsservctl', 'uselib', 'ustat', 'sysfs', '_sysctl', 'vm86', 'vm86old', 'get_kernel_syms', 'query_module'],
  },
]

const S_IFMT = 0o170000
const S_IFCHR = 0o020000

interface Condition {
  readonly index: number
  readonly op: 'SCMP_CMP_MASKED_EQ' | 'SCMP_CMP_NE'
  /** The mask, where there is one. */
  readonly value: number
  readonly valueTwo?: number
}

/** Only character devices, and not the device 0:0, which is a whiteout of overlayfs and which anybody may make. */
const characterDevice = (mode: number, device: number): readonly Condition[] => [
  { index: mode, op: 'SCMP_CMP_MASKED_EQ', value: S_IFMT, valueTwo: S_IFCHR },
  { index: device, op: 'SCMP_CMP_NE', value: 0 },
]

/**
 * What insula-listener answers in the kernel's place. A call that is not among these is decided by the kernel's table of calls that are
 * always allowed (seccomp's cache), and takes as long as without.
 */
const ANSWERED: readonly { readonly names: readonly string[]; readonly args?: readonly Condition[] }[] = [
  { names: ['sysinfo', 'quotactl', 'quotactl_fd'] },
  { names: ['mknod'], args: characterDevice(1, 2) },
  { names: ['mknodat'], args: characterDevice(2, 3) },
]

/** As in an OCI config's linux.seccomp, but for the place that the listener goes to: the keeper knows it. */
export function seccomp(): unknown {
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    // A caller whose call was received waits for the answer whatever signals come, but for those that kill: no call is done twice.
    flags: ['SECCOMP_FILTER_FLAG_SPEC_ALLOW', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'],
    syscalls: [
      ...REFUSALS.map(({ names, errno }) => ({ names, action: 'SCMP_ACT_ERRNO', errnoRet: errno })),
      ...ANSWERED.map((rule) => ({ ...rule, action: 'SCMP_ACT_NOTIFY' })),
    ],
  }
}
