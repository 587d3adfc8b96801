/** ./up and ./down, as an administrator runs them, in an instance of their own. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { realCgroups, realProcessRunner } from '@insula/kernel'
import { instanceOf } from '@insula/node'
import { volumePaths } from '@insula/vzfs'
import { nodeApi } from '../../setup/api.ts'
import { until } from './support/node.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const NAME = 'systest-up'
const TREES = '/var/cache/insula-test'
const instance = instanceOf(NAME)
const runner = realProcessRunner()
const ANY = Array.from({ length: 256 }, (_, code) => code)

const run = (program: 'up' | 'down', ...options: string[]) =>
  runner.run([`${ROOT}${program}`, '--instance', NAME, ...options], { accept: ANY, deadline: 500_000 })
const insula = async (...words: string[]): Promise<string> =>
  (await runner.run([`${ROOT}bin/insula`, ...words], { env: { HOME: '/root', INSULA_INSTANCE: NAME } })).stdout.trim()

const doctor = () =>
  runner.run([`${ROOT}bin/insula`, 'doctor', '--instance', NAME], { env: { HOME: '/root' }, accept: ANY, deadline: 60_000 })
const states = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await nodeApi(instance).vpsList()).vps.map(({ name, state }) => [name, state]))
/** As by the machine's administrator, or for want of memory. */
const kill = (name: string): void => void process.kill(Number(readFileSync(`${instance.run}/${name}.pid`, 'utf8')), 'SIGKILL')

const traces = (): string[] =>
  [instance.state, instance.run, instance.logs, instance.configFile].filter((path) => existsSync(path))
const mounts = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`/${NAME}/`))

before(() => run('down', '--purge'))
after(() => run('down', '--purge'))

test('a command line that makes no sense is refused before anything happens', async () => {
  for (const options of [
    ['--size', '1G'],
    ['--size', 'big'],
    ['--address-pool', '10.77.0.1/16'],
    ['--address-pool', '10.777.0.0/16'],
    ['--volume', 'here'],
    ['--volume', '/nowhere/at/all'],
    ['--mirror', 'ftp://mirror.example'],
    ['--instance', 'No'],
    ['--bogus'],
  ]) {
    const { code, stderr } = await run('up', ...options)
    assert.notEqual(code, 0, options.join(' '))
    assert.match(stderr, /^up: .+/, options.join(' '))
    assert.deepEqual(traces(), [], options.join(' '))
  }
})

test('--check tells what would happen and changes nothing', async () => {
  const { code, stdout, stderr } = await run('up', '--check')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /would make .*volume\.xfs/)
  assert.match(stdout, /would create the VPS demo/)
  assert.deepEqual(traces(), [])
})

test('a node with a running VPS; then nothing is missing; then it is down, and up again', async () => {
  // The template's tree need not be downloaded once more. What an administrator wrote is kept.
  mkdirSync('/etc/insula', { recursive: true })
  writeFileSync(instance.configFile, JSON.stringify({ templateCache: TREES }))
  const first = await run('up', '--size', '4G')
  assert.equal(first.code, 0, first.stdout + first.stderr)
  assert.match(first.stdout, /VPS demo is running at 10\./)
  assert.equal(await insula('exec', 'demo', '--', 'hostname'), 'demo')
  const config = JSON.parse(readFileSync(instance.configFile, 'utf8')) as Record<string, unknown>
  assert.equal(config['templateCache'], TREES)

  const second = await run('up')
  assert.equal(second.code, 0, second.stderr)
  assert.match(second.stdout, /Nothing was missing/)

  await insula('create', 'web', '-t', 'debian-12', '--ip', 'auto', '--onboot', '--start')
  await insula('create', 'off', '-t', 'debian-12')

  // A supervisor that was killed: everything goes on, and nobody would start it again.
  kill('supervisor')
  assert.match(
    (await run('up', '--check')).stdout,
    /would start insula-supervisor, which has ended; it adopts insulad and insula-keeper\n/,
  )
  const found = await doctor()
  assert.equal(found.code, 1)
  assert.match(found.stdout, /^error {4}supervisor: insula-supervisor has ended/m)
  kill('insulad')
  const without = await run('up', '--check')
  assert.match(without.stdout, /would start insula-supervisor, which has ended; it adopts insula-keeper\n/)
  assert.doesNotMatch(without.stdout, /would (?:build|create)/, 'what is on the volume is seen without insulad')
  const alone = await doctor()
  assert.equal(alone.code, 1)
  assert.match(alone.stdout, /^error {4}insula-supervisor: it does not run/m)
  assert.match(alone.stdout, /^error {4}insulad: it does not run/m)
  const healed = await run('up')
  assert.equal(healed.code, 0, healed.stdout + healed.stderr)
  assert.deepEqual(await states(), { demo: 'running', web: 'running', off: 'stopped' })

  const down = await run('down')
  assert.equal(down.code, 0, down.stdout + down.stderr)
  assert.match(down.stdout, /stop demo, web \(the next \.\/up starts demo, web again\)/)
  const unmounted = await run('up', '--check')
  assert.match(unmounted.stdout, /would build debian-12 .*, if it is not on .*volume\.xfs, which is not mounted yet\n/)
  assert.deepEqual(mounts(), [])
  assert.ok(existsSync(instance.database), 'the data is kept')
  const third = await run('up')
  assert.equal(third.code, 0, third.stderr)
  assert.equal(await insula('exec', 'demo', '--', 'hostname'), 'demo', 'the VPS is there again')
  assert.match(third.stdout, /^Stopped: off \(/m)
  await until('what has --onboot runs', async () => (await states())['web'] === 'running')
  assert.equal((await states())['off'], 'stopped')
})

test('--force kills what cannot be stopped in good order, and keeps its files', async (t) => {
  await insula('exec', 'demo', '--', 'touch', '/root/kept')
  const processes = (): Promise<number[]> => realCgroups().processes(instance.cgroup)
  const config = readFileSync(instance.configFile)
  // Without it the instance could not be removed either.
  t.after(() => writeFileSync(instance.configFile, config))
  // A daemon that cannot come up again.
  const { pid } = await nodeApi(instance).health()
  writeFileSync(instance.configFile, '{')
  process.kill(pid, 'SIGKILL')
  const refused = await run('down')
  assert.equal(refused.code, 1, refused.stdout)
  assert.match(
    refused.stderr,
    /^down: the VPSs could not be stopped in good order: insulad of instance systest-up cannot start: .*systest-up\.json is not JSON: .*\nRemedy: mend .*systest-up\.json; or \.\/down --force/,
  )
  assert.ok((await processes()).length > 0, 'the VPS goes on')

  const forced = await run('down', '--force')
  assert.equal(forced.code, 0, forced.stdout + forced.stderr)
  assert.match(forced.stdout, /could not be stopped in good order: .* is not JSON: .*; they are killed/)
  assert.deepEqual([await processes(), mounts()], [[], []])

  writeFileSync(instance.configFile, config)
  const again = await run('up')
  assert.equal(again.code, 0, again.stdout + again.stderr)
  assert.equal(await insula('exec', 'demo', '--', 'ls', '/root/kept'), '/root/kept')
})

test('the worst, neither the database nor the record of a running VPS can be read, is taken down; then everything is gone', async () => {
  const { pid } = await nodeApi(instance).health()
  const area = volumePaths(instance.volume).area(101)
  writeFileSync(area.record, '{')
  writeFileSync(instance.database, 'noise')
  for (const suffix of ['-wal', '-shm']) rmSync(`${instance.database}${suffix}`, { force: true })
  process.kill(pid, 'SIGKILL')
  const fourth = await run('down')
  assert.equal(fourth.code, 0, fourth.stdout + fourth.stderr)
  assert.match(fourth.stdout, /VPS 101 has no record and is killed; its files stay/)
  assert.deepEqual(mounts(), [])
  assert.ok(existsSync(instance.volumeImage), 'the data is kept')

  const last = await run('down', '--purge')
  assert.equal(last.code, 0, last.stdout + last.stderr)
  assert.deepEqual([...traces(), ...mounts()], [])
})
