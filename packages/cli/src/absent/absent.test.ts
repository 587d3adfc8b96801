import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runCli } from '../fake/run-cli.ts'
import { examineAbsent } from './examine.ts'
import type { Installation } from './installation.ts'

const UP = 'sudo ./up --instance dev in the checkout'

function installation(t: TestContext, files: Readonly<Record<string, string>>): Installation {
  const root = mkdtempSync(join(tmpdir(), 'insula-absent-'))
  t.after(() => rmSync(root, { recursive: true }))
  const at = (path: string): string => join(root, path)
  for (const [path, contents] of Object.entries({ 'proc/self/mountinfo': '', ...files })) {
    mkdirSync(dirname(at(path)), { recursive: true })
    writeFileSync(at(path), contents.replaceAll('ROOT', root))
  }
  return {
    instance: 'dev',
    places: {
      configFile: at('etc/dev.json'),
      state: at('state'),
      database: at('state/state.db'),
      volumeImage: at('state/volume.xfs'),
      volume: at('state/volume'),
      run: at('run'),
      logs: at('logs'),
    },
    proc: at('proc'),
    systemd: at('systemd'),
  }
}
const told = (found: Installation): (readonly [string, string, string | null])[] =>
  examineAbsent(found).map(({ severity, subject, message, remedy }) => [
    `${severity} ${subject}`,
    message.replaceAll(dirname(found.places.state), ''),
    remedy,
  ])

test('an instance that is not installed, and one that is', (t) => {
  assert.deepEqual(told(installation(t, { 'etc/insula.json': '{}' })), [
    [
      'error installation',
      'there is no instance dev on this machine',
      `${UP} installs it; another instance is there: insula doctor --instance insula`,
    ],
  ])
})

test('nothing runs after the machine has started anew', (t) => {
  const found = installation(t, {
    'etc/dev.json': '{}',
    'state/state.db': '',
    'state/volume.xfs': '',
    'run/supervisor.pid': '77\n',
    'proc/77/cmdline': 'sleep 100',
    'logs/insulad.log': 'old\n{"msg":"insulad cannot serve instance dev","err":{"message":"no volume"}}\nNode.js v24\n',
  })
  assert.deepEqual(told(found), [
    ['error insula-supervisor', 'it does not run: nobody starts insulad and insula-keeper', `${UP} starts it`],
    [
      'error insulad',
      'it does not run. /logs/insulad.log ends with: old | insulad cannot serve instance dev: no volume | Node.js v24',
      `${UP} starts it`,
    ],
    ['error insula-keeper', 'it does not run; VPSs go on without it', `${UP} starts it`],
    ['error volume', '/state/volume.xfs is not mounted on /state/volume', `${UP} mounts it`],
    ['ok database', '/state/state.db is there', null],
  ])
})

test('a daemon that cannot start, because its database is gone', (t) => {
  const found = installation(t, {
    'etc/dev.json': '{"volume":"ROOT/mine"}',
    'mine/pool/x': '',
    'state/x': '',
    'run/supervisor.pid': '1\n',
    'run/keeper.pid': '2\n',
    'run/insulad.pid': '3\n',
    'proc/1/cmdline': 'insula-supervisor dev',
    'proc/2/cmdline': 'insula-keeper dev',
    'proc/3/cmdline': 'insulad dev',
  })
  assert.deepEqual(
    told(found).map(([what]) => what),
    ['ok insula-supervisor', 'error insulad', 'ok insula-keeper', 'ok volume', 'error database'],
  )
  rmSync(join(found.places.run, 'insulad.pid'))
  assert.match(told(found)[1]?.[2] ?? '', /its supervisor \(pid 1\) starts it again and again/)
})

test('under systemd units are named', (t) => {
  const found = installation(t, {
    'etc/dev.json': 'no JSON',
    'systemd/system/x': '',
    'systemd/units/invocation:insula-keeper@dev.service': '',
    'systemd/units/invocation:insula-volume@dev.service': '',
  })
  const [unit, configuration] = told(found)
  assert.deepEqual(unit?.slice(0, 2), ['error insulad@dev', 'the unit is down'])
  assert.match(unit?.[2] ?? '', /^systemctl start insulad@dev; journalctl/)
  assert.match(configuration?.[1] ?? '', /^\/etc\/dev\.json cannot be read/)
})

test('insula doctor looks itself when no daemon answers, and the others send to it, with the name of the instance', async () => {
  const options = { socketPath: '', env: { INSULA_INSTANCE: 'nowhere-at-all' } }
  const { code, stdout } = await runCli(['doctor'], options)
  assert.equal(code, 1)
  assert.match(stdout.toString(), /^error {4}installation: there is no instance nowhere-at-all on this machine\n/)
  assert.match(stdout.toString(), /sudo \.\/up --instance nowhere-at-all/)
  const list = await runCli(['list'], options)
  assert.equal(list.code, 9)
  assert.match(list.stderr, /`sudo insula doctor --instance nowhere-at-all` looks for the reason/)
})
