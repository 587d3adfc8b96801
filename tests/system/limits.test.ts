import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testNode, until } from './support/node.ts'

const node = await testNode(['micro', 'debian-12'])
const MIB = 1024 * 1024

test('what is inside shows the limits of the VPS, also when they change', async () => {
  const name = await node.running('shown', ['--template', 'debian-12', '--memory', '300M', '--cpus', '1', '--pids', '500'])
  const meminfo = async (): Promise<number> =>
    Number(/MemTotal:\s+(\d+)/.exec(await node.inside(name, 'cat', '/proc/meminfo'))?.[1])
  assert.equal(await meminfo(), 300 * 1024)
  assert.equal(await node.inside(name, 'nproc'), '1')
  await node.ok('set', name, '--memory', '512M', '--cpus', '2')
  assert.equal(await meminfo(), 512 * 1024)
  assert.equal(await node.inside(name, 'nproc'), '2')
})

test('memory over the limit ends the process that takes it, and nothing else', async () => {
  const name = await node.running('eater', ['--template', 'micro', '--memory', '64M', '--swap', '0'])
  const { pid } = await node.show(name)
  const { code } = await node.insula(['exec', name, '--', 'sh', '-c', 'dd if=/dev/zero of=/dev/null bs=500M count=1'])
  assert.equal(code, 137)
  assert.equal((await node.show(name)).pid, pid)
  assert.equal(await node.inside(name, 'echo', 'alive'), 'alive')
})

test('a fork bomb stops at the process limit; the administrator raises it and gets in', async () => {
  const name = await node.running('bomb', ['--template', 'micro', '--pids', '60'])
  await node.insula(['exec', name, '--', 'sh', '-c', 'i=0; while [ $i -lt 200 ]; do sleep 60 >/dev/null 2>&1 & i=$((i+1)); done'])
  const { usage } = (await node.show(name)) as unknown as { usage: { pids: number } }
  assert.ok(usage.pids <= 60 && usage.pids > 40, `${usage.pids}`)
  await node.ok('set', name, '--pids', '100')
  assert.equal(await node.inside(name, 'echo', 'in'), 'in')
  await node.ok('stop', name, '--force')
})

test('the CPU limit holds, live', async () => {
  const name = await node.running('busy', ['--template', 'micro', '--cpu-limit', '20%'])
  await node.ok('exec', name, '--', 'sh', '-c', 'while :; do :; done >/dev/null 2>&1 &')
  const share = async (): Promise<number> => {
    const at = async () => ({
      used: ((await node.show(name)) as unknown as { usage: { cpuMicroseconds: number } }).usage.cpuMicroseconds,
      when: performance.now(),
    })
    const first = await at()
    await sleep(2_000)
    const second = await at()
    return (second.used - first.used) / (second.when - first.when) / 10
  }
  const low = await share()
  assert.ok(low < 30, `${low} % with a limit of 20 %`)
  await node.ok('set', name, '--cpu-limit', '60%')
  // Never more; and more than before as soon as the machine has so much for it.
  await until('it gets more', async () => {
    const high = await share()
    assert.ok(high < 80, `${high} % with a limit of 60 %`)
    return high > low
  })
})

test('a limit below what is in use is refused and changes nothing', async () => {
  const name = await node.running('full', ['--template', 'micro', '--memory', '128M'])
  await node.ok('exec', name, '--', 'sh', '-c', 'dd if=/dev/zero of=/dev/shm/block bs=1M count=60 2>/dev/null')
  const memory = await node.insula(['set', name, '--memory', '20M'])
  assert.equal(memory.code, 4, memory.stderr)
  assert.match(memory.stderr, /in use/)
  const pids = await node.insula(['set', name, '--pids', '1'])
  assert.equal(pids.code, 4, pids.stderr)
  const { limits } = (await node.show(name)) as unknown as { limits: { memory: number; pids: number } }
  assert.equal(limits.memory, 128 * MIB)
  assert.equal(limits.pids, 4096)
  const shown = Number(/MemTotal:\s+(\d+)/.exec(await node.inside(name, 'cat', '/proc/meminfo'))?.[1])
  assert.equal(shown, 128 * 1024)
})

test('limits given while it is stopped hold at the next start', async () => {
  const name = 'later'
  await node.ok('create', name, '--template', 'micro')
  await node.ok('set', name, '--memory', '99M')
  await node.ok('start', name)
  await until('it is up', async () => (await node.insula(['exec', name, 'true'])).code === 0)
  assert.match(await node.inside(name, 'cat', '/proc/meminfo'), new RegExp(`MemTotal:\\s+${99 * 1024} kB`))
})

test('limits too small to start with are named, with what to do, and the VPS is there', async () => {
  for (const [name, limits, said] of [
    ['starved', ['-m', '1M'], /its memory limit of 1M is too small: .*\n {2}give it more: insula set starved --memory 64M,/],
    [
      'alone',
      ['-m', '64M', '--pids', '1'],
      /its limit of one process is too small: .*\n {2}give it more: insula set alone --pids 100,/,
    ],
  ] as const) {
    const { code, stderr } = await node.insula(['create', name, '-t', 'micro', ...limits, '--start'])
    // A megabyte is enough for BusyBox where the kernel counts less for it, as with pure cgroup v2.
    if (name === 'starved' && code === 0) {
      assert.equal((await node.show(name)).state, 'running')
      continue
    }
    assert.equal(code, 11, stderr)
    assert.match(stderr, said)
    assert.equal((await node.show(name)).state, 'stopped')
    await node.ok('set', name, '--memory', '64M', '--pids', '100')
    await node.ok('start', name)
  }
})
