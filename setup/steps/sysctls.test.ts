import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSysctls, sysctlFile } from './sysctls.ts'

const NEEDS = [{ name: 'kernel.pid_max', atLeast: 4_000_000, why: 'all VPSs share the numbers' }]
const none: ReadonlyMap<string, number> = new Map()
const pidMax = (value: number): ReadonlyMap<string, number> => new Map([['kernel.pid_max', value]])

test('what sysctl.d(5) allows is read, comments are not', () => {
  const text =
    '# a = 1\n;b = 2\nnet.ipv4.ip_forward = 1\nkernel/pid_max=4194304\n  vm.max_map_count=5 \nkernel.core_pattern = |x\n'
  assert.deepEqual(Object.fromEntries(parseSysctls(text)), {
    'net.ipv4.ip_forward': 1,
    'kernel.pid_max': 4_194_304,
    'vm.max_map_count': 5,
  })
})

test('what is too low is written, what is higher is kept, what others set high enough is left to them', () => {
  const written = (found: number, ours: number | null, others: number | null): string | undefined =>
    sysctlFile(NEEDS, {
      found: pidMax(found),
      ours: ours === null ? none : pidMax(ours),
      others: others === null ? none : pidMax(others),
    })
      ?.split('\n')
      .at(-2)
  assert.equal(written(32_768, null, null), 'kernel.pid_max = 4000000')
  assert.equal(written(4_194_304, null, null), 'kernel.pid_max = 4194304', 'set by hand, until the next boot')
  assert.equal(written(4_000_000, 4_100_000, null), 'kernel.pid_max = 4100000')
  assert.equal(written(32_768, null, 65_536), 'kernel.pid_max = 4000000')
  assert.equal(written(4_194_304, null, 4_194_304), undefined)
})

test('a setting that this kernel does not have is not written', () => {
  assert.equal(sysctlFile(NEEDS, { found: none, ours: none, others: none }), null)
})
