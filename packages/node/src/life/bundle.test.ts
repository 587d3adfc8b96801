import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aVps } from '../testing/a-vps.ts'
import { bundleOf } from './bundle.ts'

interface Oci {
  readonly process: { readonly args: string[]; readonly capabilities: { readonly bounding: string[] }; readonly env: string[] }
  readonly mounts: { readonly destination: string; readonly source: string; readonly options: string[] }[]
  readonly linux: {
    readonly cgroupsPath: string
    readonly namespaces: { readonly type: string; readonly path?: string }[]
    readonly maskedPaths: string[]
    readonly seccomp: {
      readonly defaultAction: string
      readonly syscalls: {
        readonly names: string[]
        readonly action: string
        readonly errnoRet?: number
        readonly args?: { readonly index: number; readonly op: string; readonly valueTwo?: number }[]
      }[]
    }
  }
}

const bundle = (fields = {}, files: string[] = []): Oci =>
  bundleOf(aVps(fields), { cgroup: 'insula/101', lxcfs: { mountPoint: '/run/lxcfs', files }, args: ['/sbin/init'] }) as Oci

describe('a bundle', () => {
  it('has every namespace of its own', () => {
    assert.deepEqual(
      bundle()
        .linux.namespaces.map(({ type }) => type)
        .toSorted(),
      ['cgroup', 'ipc', 'mount', 'network', 'pid', 'user', 'uts'],
    )
    assert.ok(bundle().linux.namespaces.every(({ path }) => path === undefined))
  })

  it('gives no power over the machine', () => {
    const { bounding } = bundle().process.capabilities
    for (const name of [
      'SYS_MODULE',
      'SYS_RAWIO',
      'SYS_TIME',
      'SYS_RESOURCE',
      'MAC_ADMIN',
      'SYSLOG',
      'BPF',
      'PERFMON',
      'CHECKPOINT_RESTORE',
    ])
      assert.ok(!bounding.includes(`CAP_${name}`), name)
    for (const name of ['NET_ADMIN', 'NET_RAW', 'SETUID', 'SYS_CHROOT', 'SETFCAP', 'AUDIT_WRITE'])
      assert.ok(bounding.includes(`CAP_${name}`), name)
  })

  it('refuses system calls with an errno that software knows, each once', () => {
    const { defaultAction, syscalls } = bundle().linux.seccomp
    const names = syscalls.flatMap((group) => group.names)
    assert.equal(defaultAction, 'SCMP_ACT_ALLOW')
    assert.equal(new Set(names).size, names.length)
    for (const name of ['kexec_load', 'init_module', 'open_by_handle_at', 'bpf', 'swapon', 'io_uring_setup'])
      assert.ok(names.includes(name), name)
    for (const name of ['mount', 'keyctl', 'ptrace', 'unshare', 'clone3', 'setns']) assert.ok(!names.includes(name), name)
    const refusals = syscalls.filter(({ action }) => action === 'SCMP_ACT_ERRNO')
    assert.ok(refusals.every(({ errnoRet }) => errnoRet === 1 || errnoRet === 38))
  })

  it('has few calls answered outside, and of mknod only those for a character device', () => {
    const answered = bundle().linux.seccomp.syscalls.filter(({ action }) => action === 'SCMP_ACT_NOTIFY')
    assert.deepEqual(
      answered.flatMap(({ names }) => names),
      ['sysinfo', 'quotactl', 'quotactl_fd', 'mknod', 'mknodat'],
    )
    assert.deepEqual(
      answered.map(({ args }) => args?.map(({ index, op, valueTwo }) => `${index} ${op} ${valueTwo ?? 0}`)),
      [undefined, ['1 SCMP_CMP_MASKED_EQ 8192', '2 SCMP_CMP_NE 0'], ['2 SCMP_CMP_MASKED_EQ 8192', '3 SCMP_CMP_NE 0']],
    )
  })

  it('shows the view of /proc that is served now, over /proc, for reading', () => {
    const { mounts } = bundle({}, ['proc/meminfo'])
    const at = (path: string): number => mounts.findIndex(({ destination }) => destination === path)
    assert.ok(at('/proc/meminfo') > at('/proc'))
    assert.deepEqual(mounts[at('/proc/meminfo')]?.source, '/run/lxcfs/proc/meminfo')
    assert.ok(mounts[at('/proc/meminfo')]?.options.includes('ro'))
    assert.equal(
      bundle().mounts.findIndex(({ source }) => source.startsWith('/run/lxcfs')),
      -1,
    )
  })

  it('has limits on a group above the one that it may change', () => {
    assert.equal(bundle().linux.cgroupsPath, '/insula/101/vps')
  })

  it("has a uuid that stays, and is nobody else's", () => {
    const uuid = (fields = {}): string | undefined =>
      bundle(fields).process.env.find((entry) => entry.startsWith('container_uuid='))
    assert.match(uuid() ?? '', /^container_uuid=[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(uuid(), uuid({ name: 'other', state: 'running' }))
    assert.notEqual(uuid(), uuid({ id: 102 }))
  })
})
