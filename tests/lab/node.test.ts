/** A node as administrators have it: installed by ./up on Debian 13, its processes units of systemd, its VPSs on XFS with quota. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { HOME, VOLUME } from './layout.ts'
import { type Machine, startMachine } from './machine.ts'
import { insula, show, until, up } from './support.ts'

const UNITS = ['insula-volume', 'insula-keeper', 'insulad', 'insula-shutdown'].map((name) => `${name}@insula.service`)
/** The API by hand. */
const GET = `
import http.client, socket, sys
connection = http.client.HTTPConnection('localhost')
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect('/run/insula/insula/api.sock')
connection.request('GET', sys.argv[1])
print(connection.getresponse().read().decode())
`
let machine: Machine

before(async () => {
  machine = await startMachine()
})
after(() => machine[Symbol.asyncDispose]())

const active = async (): Promise<string[]> => (await machine.run(['systemctl', 'is-active', ...UNITS])).stdout.trim().split('\n')
const mainPid = async (unit: string): Promise<number> =>
  Number(await machine.ok('systemctl', 'show', '--property=MainPID', '--value', unit))
/** Restarted units have a pid before they answer. */
const answers = (): Promise<void> =>
  until('the node answers', async () => (await machine.run(['insula', 'list', '-q'])).code === 0)

test('./up makes it a node: units of systemd, a VPS that runs, no complaint', async () => {
  const { code, stdout, stderr } = await up(machine, '--volume', VOLUME)
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, /units of systemd/)
  assert.match(stdout, /VPS demo is running at 10\./)
  assert.deepEqual(await active(), ['active', 'active', 'active', 'active'])
  await until(
    'demo has booted',
    async () =>
      (await machine.run(['insula', 'exec', 'demo', '--', 'systemctl', 'is-system-running'])).stdout.trim() === 'running',
  )
  const doctor = await machine.run(['insula', 'doctor', '--json'])
  const findings = JSON.parse(doctor.stdout) as { severity: string; subject: string; message: string }[]
  assert.deepEqual(
    findings.filter(({ severity }) => severity !== 'ok'),
    [],
  )
})

test('a second ./up finds nothing missing', async () => {
  const { code, stdout, stderr } = await up(machine)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /Nothing was missing/)
})

test('the volume has project and user quota, and the node knows', async () => {
  const { volume } = JSON.parse(await machine.ok('python3', '-c', GET, '/v1/node')) as {
    volume: { path: string; fsType: string; projectQuota: boolean; userQuota: boolean; reflink: boolean }
  }
  assert.deepEqual(
    { ...volume, path: volume.path },
    { ...volume, path: VOLUME, fsType: 'xfs', projectQuota: true, userQuota: true, reflink: true },
  )
})

test('limits are files of the one cgroup v2 tree, and change while it runs', async () => {
  const { id } = await show(machine, 'demo')
  const file = async (name: string): Promise<string> => (await machine.ok('cat', `/sys/fs/cgroup/insula/${id}/${name}`)).trim()
  await insula(machine, 'set', 'demo', '--memory', '300M', '--pids', '333', '--cpu-limit', '50%')
  assert.deepEqual(
    [await file('memory.max'), await file('pids.max'), await file('cpu.max')],
    [`${300 * 1024 ** 2}`, '333', '50000 100000'],
  )
  await insula(machine, 'set', 'demo', '--memory', '400M')
  assert.equal(await file('memory.max'), `${400 * 1024 ** 2}`)
  assert.match(await insula(machine, 'exec', 'demo', '--', 'cat', '/proc/meminfo'), new RegExp(`MemTotal:\\s+${400 * 1024} kB`))
})

for (const unit of ['insulad', 'insula-keeper'] as const) {
  for (const [how, words] of [
    ['a restart', ['restart']],
    ['SIGKILL', ['kill', '--kill-whom=main', '--signal=KILL']],
  ] as const) {
    test(`${how} of ${unit}: VPSs and their consoles go on`, async () => {
      const { pid } = await show(machine, 'demo')
      const console = await insula(machine, 'exec', 'demo', '--', 'stat', '-c', '%i %t %T', '/dev/console')
      const before = await mainPid(`${unit}@insula`)
      await machine.ok('systemctl', ...words, `${unit}@insula`)
      await until(`another ${unit}`, async () => ![0, before].includes(await mainPid(`${unit}@insula`)))
      await answers()
      assert.equal((await show(machine, 'demo')).pid, pid)
      assert.equal(await insula(machine, 'exec', 'demo', '--', 'stat', '-c', '%i %t %T', '/dev/console'), console)
    })
  }
}

test('an upgrade in place: new code in the same directory, ./up, restarted units; VPSs go on', async () => {
  const { pid } = await show(machine, 'demo')
  await machine.ok(
    'sh',
    '-c',
    `cd ${HOME} && sed -i 's/"version": "[^"]*"/"version": "9.9.9"/' package.json packages/*/package.json`,
  )
  const { code, stdout, stderr } = await up(machine)
  assert.equal(code, 0, stdout + stderr)
  await machine.ok('systemctl', 'restart', 'insula-keeper@insula', 'insulad@insula')
  await answers()
  assert.match(await insula(machine, 'version'), /9\.9\.9/)
  assert.equal((await show(machine, 'demo')).pid, pid)
  assert.equal((await insula(machine, 'exec', 'demo', '--', 'echo', 'here')).trim(), 'here')
})

test('after a reboot those run that shall start with the node, and only they; all were shut down in good order', async () => {
  await insula(machine, 'template', 'build', 'micro')
  await insula(machine, 'create', 'still', '--template', 'micro', '--ip', 'auto', '--start')
  await insula(machine, 'set', 'demo', '--onboot')
  await insula(machine, 'exec', 'demo', '--', 'sh', '-c', 'echo kept > /root/file')
  await machine.reboot()
  await until('demo runs', async () => {
    const { code, stdout } = await machine.run(['insula', 'show', 'demo', '--json'])
    return code === 0 && /"state": ?"running"/.test(stdout)
  })
  assert.equal((await show(machine, 'still')).state, 'stopped')
  assert.equal((await insula(machine, 'exec', 'demo', '--', 'cat', '/root/file')).trim(), 'kept')
  assert.deepEqual(await active(), ['active', 'active', 'active', 'active'])
  const still = (await show(machine, 'still')) as unknown as { lastExit: { request: string } }
  assert.equal(still.lastExit.request, 'poweroff')
})

test('./down --purge leaves nothing', async () => {
  const { code, stdout, stderr } = await machine.run([`${HOME}/down`, '--purge'], { deadline: 300_000 })
  assert.equal(code, 0, stdout + stderr)
  const left = await machine.run([
    'sh',
    '-c',
    'ls -d /etc/insula /var/lib/insula /run/insula /sys/fs/cgroup/insula; ls -A /srv/volume; ls /etc/systemd/system | grep insula',
  ])
  assert.equal(left.stdout, '')
  assert.equal((await machine.run(['systemctl', '--failed', '--plain', '--no-legend'])).stdout, '')
})
