import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, testNode, until } from './support/node.ts'
import { traces } from './support/traces.ts'

const node = await testNode(['micro'])
const VICTIMS = [['insulad'], ['keeper'], ['insulad', 'keeper']] as const
const OPERATIONS = ['create', 'start', 'stop', 'destroy'] as const
/** Milliseconds into the operation; the CLI itself needs about 60 until its request is there. */
const MOMENTS = [70, 110, 180]

const bystander = await node.running('bystander')
await node.ok('exec', bystander, '--', 'sh', '-c', 'while :; do date +%s%N > /run/now; sleep 0.05; done >/dev/null 2>&1 &')
await until('who answers its system calls is there', async () =>
  (await traces(node)).processes.some((one) => one.includes('insula-listener')),
)
const bystanderPid = (await node.show(bystander)).pid

async function bystanderGoesOn(): Promise<void> {
  assert.equal((await node.show(bystander)).pid, bystanderPid)
  const seen = await node.inside(bystander, 'cat', '/run/now')
  await until('the bystander goes on', async () => (await node.inside(bystander, 'cat', '/run/now')) !== seen)
}

/** Runs the operation, kills the victims in the middle of it, and waits until the node answers again. */
async function cutOff(args: readonly string[], victims: readonly ('insulad' | 'keeper')[], moment: number): Promise<Answer> {
  const running = node.insula(args, { deadline: 60_000 })
  await sleep(moment)
  await Promise.all(victims.map((victim) => node.killAndAwait(victim)))
  return running
}

async function healthy(): Promise<void> {
  const { stdout } = await node.insula(['doctor', '--json'])
  const report = JSON.parse(stdout) as { severity: string; subject: string; message: string }[]
  const wrong = report.filter(
    ({ severity, subject }) => severity === 'error' || ['cgroups', 'network', 'leftovers'].includes(subject),
  )
  assert.deepEqual(
    wrong.filter(({ severity }) => severity !== 'ok'),
    [],
  )
}

for (const operation of OPERATIONS) {
  for (const victims of VICTIMS) {
    test(`SIGKILL of ${victims.join(' and ')} in the middle of ${operation}: nothing that ran stops, nothing leaks, the next command works`, async () => {
      const before = await traces(node)
      for (const moment of MOMENTS) {
        const name = 'victim'
        if (operation !== 'create') await node.ok('create', name, '--template', 'micro', '--ip', 'auto')
        if (operation === 'stop') await node.ok('start', name)
        const args = {
          create: ['create', name, '--template', 'micro', '--ip', 'auto'],
          start: ['start', name],
          stop: ['stop', name, '--timeout', '5'],
          destroy: ['destroy', '-y', '--force', name],
        }[operation]
        await cutOff(args, victims, moment)
        await settle(name)
        if (operation === 'create' || operation === 'destroy')
          await node.insula(['create', name, '--template', 'micro', '--ip', 'auto'])
        const { state } = await node.show(name)
        assert.ok(state === 'stopped' || state === 'running', `it is ${state} after ${operation} was cut off at ${moment} ms`)
        if (state === 'stopped') await node.ok('start', name)
        assert.equal(await node.inside(name, 'echo', 'alive'), 'alive')
        await node.ok('destroy', '-y', '--force', name)
        await bystanderGoesOn()
      }
      await healthy()
      let last: unknown
      await until(
        'nothing is left',
        async () => {
          const { descriptors: _now, ...now } = await traces(node)
          const { descriptors: _then, ...then } = before
          try {
            assert.deepEqual(now, then)
            return true
          } catch (error) {
            last = error
            return false
          }
        },
        15,
      ).catch(() => {
        throw last
      })
    })
  }
}

/** Until no task works on it any more. */
async function settle(name: string): Promise<void> {
  await until(`${name} is in a lasting state`, async () => {
    const { code, stdout } = await node.insula(['show', name, '--json'])
    if (code === 3) return true
    return code === 0 && /"state": ?"(stopped|running|suspended|failed)"/.test(stdout)
  })
}

test('SIGKILL of lxcfs: /proc inside is right again by itself, also for those that started before', async () => {
  await node.killAndAwait('lxcfs')
  await until('meminfo inside', async () => (await node.insula(['exec', bystander, 'cat', '/proc/meminfo'])).code === 0)
  const total = /MemTotal:\s+(\d+)/.exec(await node.inside(bystander, 'cat', '/proc/meminfo'))?.[1]
  assert.equal(Number(total), 1024 * 1024)
  await bystanderGoesOn()
})

test('SIGKILL of lxcfs and the keeper at once heals too', async () => {
  process.kill(node.pidOf('lxcfs'), 'SIGKILL')
  await node.killAndAwait('keeper')
  await until('meminfo inside', async () => (await node.insula(['exec', bystander, 'cat', '/proc/meminfo'])).code === 0)
  await bystanderGoesOn()
})

test('a lxcfs that hangs is replaced too', async () => {
  const before = node.pidOf('lxcfs')
  process.kill(before, 'SIGSTOP')
  await until('another lxcfs', () => node.pidOf('lxcfs') !== before)
  await until(
    'meminfo inside',
    async () => (await node.insula(['exec', bystander, 'cat', '/proc/meminfo'], { deadline: 5_000 })).code === 0,
  )
  await bystanderGoesOn()
})

test('the console lives on over a SIGKILL of the keeper', async () => {
  const before = await node.inside(bystander, 'stat', '-c', '%i %t %T', '/dev/console')
  await node.killAndAwait('keeper')
  assert.equal(await node.inside(bystander, 'stat', '-c', '%i %t %T', '/dev/console'), before)
  await node.ok('exec', bystander, '--', 'sh', '-c', 'echo over the restart > /dev/console')
  await until('it shows', async () => (await node.ok('logs', bystander)).includes('over the restart'))
})

test('a deleted database is rebuilt with VPSs running', async () => {
  const { instance } = node
  const before = JSON.parse(await node.ok('list', '--json')) as unknown
  await node.ok('create', 'asleep', '--template', 'micro', '--ip', 'auto', '--memory', '77M')
  const asleep = await node.show('asleep')
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${instance.database}${suffix}`, { force: true })
  await node.killAndAwait('insulad')
  await until('a database', () => existsSync(instance.database))
  const refused = await node.insula(['create', 'newcomer', '--template', 'micro'])
  assert.equal(refused.code, 4)
  assert.match(refused.stderr, /insula recover/)
  await node.ok('recover')
  const { limits, addresses, state } = await node.show('asleep')
  assert.deepEqual({ limits, addresses, state }, { limits: asleep['limits'], addresses: asleep.addresses, state: 'stopped' })
  assert.equal((await node.show(bystander)).pid, bystanderPid)
  await bystanderGoesOn()
  await node.ok('start', 'asleep')
  assert.equal((JSON.parse(await node.ok('list', '--json')) as unknown[]).length, (before as unknown[]).length + 1)
})
