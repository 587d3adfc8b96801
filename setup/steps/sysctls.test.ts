import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSysctls } from './sysctls.ts'

test('what sysctl.d(5) allows is read, comments are not', () => {
  const text =
    '# a = 1\n;b = 2\nnet.ipv4.ip_forward = 1\nkernel/pid_max=4194304\n  vm.max_map_count=5 \nkernel.core_pattern = |x\n'
  assert.deepEqual(
    [...parseSysctls(text)],
    [
      ['net.ipv4.ip_forward', 1],
      ['kernel/pid_max', 4_194_304],
      ['vm.max_map_count', 5],
    ],
  )
})
