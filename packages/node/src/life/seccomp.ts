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

/** As in an OCI config's linux.seccomp. */
export function seccomp(): unknown {
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls: REFUSALS.map(({ names, errno }) => ({ names, action: 'SCMP_ACT_ERRNO', errnoRet: errno })),
  }
}
