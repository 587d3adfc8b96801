import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiFailure, type Boot, type Task, type Vps } from '@insula/contract'
import { fakeVolume } from '../fake/fake-volume.ts'
import { fakeVps } from '../fake/fake-state.ts'
import { runCli, startCli, until } from '../fake/run-cli.ts'
import { withNode } from '../fake/with-node.ts'

const fake = withNode()
const { insula, lastRequest } = fake

beforeEach(() => fake.reset())

test('create sends what was asked for, in bytes, and says what it made', async () => {
  const wanted =
    'db --template debian-12 --ip auto --ip 10.0.0.9 --dns 10.0.0.53 --memory 1.5G --swap unlimited --cpus 2 --cpu-units 500 ' +
    '--cpu-limit 150% --pids 99 --no-nat --onboot --boot-order 7 --start'
  const { code, out, err } = await insula('create', ...wanted.split(' '))
  assert.deepEqual({ code, out, err }, { code: 0, out: 'created and started db (103), 10.77.0.103, 10.0.0.9\n', err: '' })
  assert.deepEqual(fake.node.state.requests[0]?.body, {
    name: 'db',
    template: 'debian-12',
    addresses: ['auto', '10.0.0.9'],
    dns: ['10.0.0.53'],
    nat: false,
    limits: { memory: 1_610_612_736, swap: null, cpus: 2, cpuUnits: 500, cpuLimit: 150, pids: 99 },
    onboot: true,
    bootOrder: 7,
    start: true,
  })
})

test('other values that cannot be are refused by the name of their option', async () => {
  for (const [args, said] of [
    [['exec', 'web', '-u', '', '--', 'true'], /--user takes NAME, UID, .*, not ''/],
    [['template', 'build', 'micro', '--mirror', 'foo'], /--mirror takes an address such as .*, not 'foo'/],
    [['console', 'web', '--detach-keys', 'foo'], /--detach-keys takes keys joined by commas, .*, not 'foo'/],
  ] as const) {
    const { code, err } = await insula(...args)
    assert.deepEqual([code, said.test(err)], [2, true], err)
  }
  assert.equal(fake.node.state.requests.length, 0)
})

test('with --json a mistake in the command line is JSON too', async () => {
  for (const [args, message, remedy] of [
    [
      ['stop', '--json'],
      'insula stop: needs the name of a VPS, or --all, --template, --app, --plan or --label',
      'see `insula stop --help`',
    ],
    [['list', '--json', '--foo'], "insula list: unknown option '--foo'", 'see `insula list --help`'],
    [['lst', '--json'], "insula: unknown command 'lst'; did you mean list?", 'see `insula --help`'],
    [['task', 'shw', '1', '--json'], "insula task: unknown command 'shw'; did you mean show?", 'see `insula task --help`'],
  ] as const) {
    const { code, out, err } = await insula(...args)
    assert.deepEqual([code, out, JSON.parse(err)], [2, '', { error: { code: 'invalid_request', message, remedy } }])
  }
})

test('create: JSON, only the name, or only the task', async () => {
  const json = await insula('create', 'one', '-t', 'micro', '--json')
  assert.equal((JSON.parse(json.out) as Vps).name, 'one')
  assert.equal((await insula('create', 'two', '-t', 'micro', '-q')).out, 'two\n')
  assert.match((await insula('create', 'three', '-t', 'micro', '--no-wait')).out, /^task \d+: three\n$/)
})

test('create: what cannot be is refused before anything is asked of the node', async () => {
  for (const [args, said] of [
    [['create', '101', '-t', 'micro'], /'101' cannot be the name of a VPS: 1 to 32 lower-case/],
    [['create', 'Web', '-t', 'micro'], /'Web' cannot be/],
    [['create', 'a'], /required option '-t, --template TEMPLATE' not specified/],
    [['create', 'a', '-t', 'micro', '--memory', '12x'], /--memory takes a size such as 512M or 1\.5G, or "unlimited", not '12x'/],
    [['create', 'a', '-t', 'micro', '--ip', '10.0.0.256'], /--ip takes an IPv4 address/],
    [['create', 'a', '-t', 'micro', '--cpu-units', '7'], /--cpu-units takes a whole number from 8 to 500000, not '7'/],
    [['create', 'a', '-t', 'micro', '--cpu-limit', '0'], /--cpu-limit takes a percentage/],
    [['create', 'a', '-t', 'micro', '--ip', 'none', '--ip', 'auto'], /--ip none cannot be given with others/],
    [['create', 'a', '-t', 'micro', '--hostname', '-x-'], /--hostname takes labels/],
    [['create', 'a', '-t', 'micro@'], /--template takes a template such as "debian-12", .*, not 'micro@'/],
    [['create', 'a', '-t', 'micro', '-m', '0'], /--memory takes at least 1M, or "unlimited", not '0'/],
    [['create', 'a', '-t', 'micro', '-m', '99999P'], /--memory takes a size of less than 8P, or "unlimited", not '99999P'/],
    [['create', 'a', '-t', 'micro', '--disk', '10G:9G'], /--disk takes the soft limit first, .* not '10G:9G'/],
    [['create', 'a', '-t', 'micro', '--cpu-limit', '9999999%'], /--cpu-limit takes .*, from 1% to 1000000%, not '9999999%'/],
  ] as const) {
    const { code, out, err } = await insula(...args)
    assert.deepEqual([code, out], [2, ''], args.join(' '))
    assert.match(err, said)
    assert.match(err, /\nUsage: insula create NAME --template TEMPLATE \[options\]\n/)
  }
  assert.equal(fake.node.state.requests.length, 0)
})

test('set changes only what is named, on one, several or all', async () => {
  assert.equal((await insula('set', 'web', '--memory', 'unlimited', '--no-onboot', '--ip', 'none')).out, 'changed web\n')
  assert.deepEqual(lastRequest()?.body, { limits: { memory: null }, onboot: false, addresses: [] })
  assert.equal((await insula('set', '--all', '--pids', '50', '-q')).out.split('\n').length, 3)
  assert.equal(fake.node.state.find('off')?.limits.pids, 50)
  const { code, err } = await insula('set', 'web')
  assert.equal(code, 2)
  assert.match(err, /needs at least one setting/)
})

test('vzfs relink says what was won, and what runs', async () => {
  assert.equal(
    (await insula('vzfs', 'relink', '--all')).out,
    'relinked off: 3 files, 40M won (1M won before, 5 files read, 1.2 s)\nweb runs: it is relinked when it stops or starts next\n',
  )
  assert.deepEqual(lastRequest()?.body, { all: true })
  assert.equal((await insula('vzfs', 'relink', 'off', '-q')).out, 'off\n')
  assert.deepEqual(lastRequest()?.body, { vps: ['off'] })
  assert.equal((await insula('vzfs', 'relink')).code, 2)
  const off = fake.node.state.find('off')
  assert.ok(off)
  off.share = 'none'
  assert.match(
    (await insula('vzfs', 'relink', 'off')).out,
    /^relinked off: nothing new to share, 2 files of its own again, 1M given up \(/,
  )
})

test('vzfs rebase says what the VPS consists of then', async () => {
  assert.match((await insula('vzfs', 'rebase', 'off', 'micro')).out, /^rebased off on micro@/)
})

test('vzfs mount says where, and how to get there', async () => {
  assert.equal(
    (await insula('vzfs', 'mount', 'off')).out,
    'mounted the files of off at /run/insula/insula/mounts/102, read-only\n',
  )
  assert.deepEqual(lastRequest()?.body, { write: false, followLinks: false })
  assert.equal((await insula('vzfs', 'mount', 'off', '-w', '-q')).out, '/run/insula/insula/mounts/102\n')
  assert.match((await insula('vzfs', 'mounts')).out, /101 +web +\S+ +write/)
  assert.equal((await insula('vzfs', 'umount', 'off')).out, 'unmounted the files of off\n')
})

test('template import takes a file, by its whole path', async () => {
  assert.match(
    (await insula('template', 'import', 'mine', 'rootfs.tar.gz')).out,
    /^imported mine@\S+: debian bookworm, systemd\n$/,
  )
  const [asked] = fake.node.state.requests.filter(({ name }) => name === 'templateImport')
  assert.deepEqual(asked?.body, { name: 'mine', file: resolve('rootfs.tar.gz') })
})

test('template import of standard input: the daemon can read all of it meanwhile, and nothing of it is left on a disk', async (t) => {
  const spool = mkdtempSync(join(tmpdir(), 'insula-spool-'))
  t.after(() => rmSync(spool, { recursive: true }))
  const options = { socketPath: fake.node.socketPath, env: { TMPDIR: spool } }
  const archive = Buffer.alloc(300_000, 'archive')
  const { code, stdout } = await runCli(['template', 'import', 'mine', '-'], { ...options, stdin: archive })
  assert.deepEqual([code, stdout.toString().startsWith('imported mine@')], [0, true])
  assert.ok(fake.node.state.archives.at(-1)?.equals(archive))
  const endless = startCli(['template', 'import', 'mine', '-'], options)
  t.after(() => endless.kill('SIGKILL'))
  endless.stdin?.on('error', () => undefined).write(archive)
  await until(() => openFilesOf(endless.pid ?? 0).some((file) => file.startsWith(spool) && file.endsWith(' (deleted)')))
  await until(() => readdirSync(spool).length === 0)
  endless.kill('SIGKILL')
  await endless.ended
  assert.deepEqual(readdirSync(spool), [])
  const nowhere = await runCli(['template', 'import', 'mine', '-'], {
    ...options,
    env: { TMPDIR: `${spool}/none` },
    stdin: archive,
  })
  assert.equal(nowhere.code, 2)
  assert.match(
    nowhere.stderr,
    /^insula: cannot keep what comes from standard input: .*ENOENT[^]*name another directory by TMPDIR/,
  )
})

test('set --share', async () => {
  assert.equal((await insula('set', 'web', '--share', 'templates')).code, 0)
  assert.deepEqual(lastRequest()?.body, { share: 'templates' })
  assert.match((await insula('set', 'web', '--share', 'some')).err, /--share takes all, templates or none, not 'some'/)
})

test('start, stop, restart, suspend, resume: one word each, the state of it changed', async () => {
  assert.equal((await insula('suspend', 'web')).out, 'suspended web\n')
  assert.equal((await insula('resume', 'web')).out, 'resumed web\n')
  assert.equal((await insula('restart', 'web', '--timeout', '500ms')).out, 'restarted web\n')
  assert.deepEqual(lastRequest()?.body, { timeout: 0.5 })
  assert.equal((await insula('stop', 'web', '-f')).out, 'stopped web\n')
  assert.deepEqual(lastRequest()?.body, { force: true })
  assert.equal((await insula('start', '--all', '--json')).code, 0)
  assert.equal(fake.node.state.find('off')?.state, 'running')
})

test('--wait-booted waits for the system inside, says what of it failed, and when it is too late', async () => {
  const booting: Boot = { state: 'booting', says: 'starting', failed: [] }
  const boots = (): number => fake.node.state.requests.filter(({ name }) => name === 'vpsBoot').length
  fake.node.state.boots = [booting, booting, { state: 'up', says: 'running', failed: [] }]
  assert.equal((await insula('start', 'off', '-w')).out, 'started off\n')
  assert.equal(boots(), 3)
  fake.node.state.boots = [{ state: 'degraded', says: 'degraded', failed: ['a.service', 'b.mount'] }]
  const made = await insula('create', 'new', '-t', 'micro', '--start', '--wait-booted')
  assert.deepEqual([made.code, made.out], [0, 'created and started new (103), no address\n'])
  assert.match(made.err, /new is started; 2 units failed: a\.service, b\.mount\n.*systemctl status a\.service/)
  fake.node.state.boots = [booting]
  const late = await insula('restart', 'web', '-w', '--boot-timeout', '10ms')
  assert.deepEqual([late.code, late.out], [11, ''])
  assert.match(late.err, /web is started, but was not up within 0\.01 s: systemd inside says "starting"/)
  for (const [args, said] of [
    [['start', 'off', '--boot-timeout', '5'], /--boot-timeout only with --wait-booted/],
    [['start', 'off', '-w', '--no-wait'], /either --no-wait or --wait-booted/],
    [['create', 'x', '-t', 'micro', '-w'], /--wait-booted only with --start/],
  ] as const) {
    const { code, err } = await insula(...args)
    assert.equal(code, 2)
    assert.match(err, said)
  }
})

test('--wait-booted goes on when insulad is restarted meanwhile', async () => {
  const boots = (): number => fake.node.state.requests.filter(({ name }) => name === 'vpsBoot').length
  fake.node.state.boots = [{ state: 'booting', says: 'starting', failed: [] }]
  const waiting = insula('start', 'off', '-w')
  await until(() => boots() > 0)
  await fake.node.restart(500)
  const before = boots()
  await until(() => boots() > before)
  fake.node.state.boots = [{ state: 'up', says: 'running', failed: [] }]
  assert.deepEqual(await waiting, { code: 0, out: 'started off\n', err: '' })
})

test('of several, each has its own outcome, and the first failure decides', async () => {
  const { code, out, err } = await insula('stop', 'web', 'off', 'nobody')
  assert.equal(code, 4)
  assert.equal(out, 'stopped web\n')
  assert.match(err, /insula: off is stopped already/)
  assert.match(err, /insula: there is no VPS 'nobody'/)
  const json = await insula('start', 'off', 'nobody', '--json')
  assert.equal(json.code, 3)
  assert.deepEqual(
    (JSON.parse(json.out) as Task[]).map(({ subject, state }) => [subject, state]),
    [['off', 'done']],
  )
  assert.deepEqual(JSON.parse(json.err), { error: { code: 'not_found', message: "there is no VPS 'nobody'" }, vps: 'nobody' })
})

test('names and --all exclude each other, and one is needed', async () => {
  assert.match(
    (await insula('stop')).err,
    /insula stop: needs the name of a VPS, or --all, --template, --app, --plan or --label\nUsage: insula stop \[VPS\.\.\.\] \[options\]/,
  )
  assert.match((await insula('stop', 'web', '-a')).err, /either names, or --all/)
})

test('a task that fails ends the command with the failure and its exit code', async () => {
  fake.node.state.failNext = new ApiFailure({
    code: 'start_failed',
    message: 'off did not start: /sbin/init is missing',
    remedy: 'look at its template',
  })
  const { code, err } = await insula('start', 'off')
  assert.equal(code, 11)
  assert.match(err, /^insula: off did not start: \/sbin\/init is missing\n {2}look at its template$/m)
})

test('a fault that the message says already is said once, others below it', async () => {
  const details = [
    { path: 'limits.memory', message: 'at least 1M, not 4K' },
    { path: 'limits.pids', message: 'too small' },
  ]
  fake.node.state.failNext = new ApiFailure({
    code: 'invalid_request',
    message: 'cannot change: limits.memory: at least 1M, not 4K',
    details,
  })
  const { err } = await insula('start', 'off')
  assert.match(err, /^insula: cannot change: limits\.memory: at least 1M, not 4K\n {2}limits\.pids: too small$/m)
})

test('in a pipe, each step of a task is a line; a node that restarts meanwhile does not matter', async () => {
  fake.node.state.taskMilliseconds = 3000
  const child = startCli(['restart', 'web'], { socketPath: fake.node.socketPath })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  await until(() => Buffer.concat(err).includes('working'))
  await fake.node.restart(300)
  assert.equal((await child.ended).code, 0)
  fake.node.state.taskMilliseconds = 0
  assert.equal(Buffer.concat(err).toString(), 'web: working (25%)\n')
  assert.equal(Buffer.concat(out).toString(), 'restarted web\n')
})

test('only a node that is away is asked again about a task', async () => {
  fake.node.state.taskMilliseconds = 4000
  const child = startCli(['restart', 'web'], { socketPath: fake.node.socketPath })
  const err: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  await until(() => Buffer.concat(err).includes('working'))
  fake.node.state.tasks.length = 0
  await fake.node.restart(10)
  const begun = performance.now()
  assert.equal((await child.ended).code, 3)
  assert.ok(performance.now() - begun < 10_000)
  fake.node.state.taskMilliseconds = 0
})

test('Ctrl-C and SIGTERM end the waiting and say how to go on', async () => {
  // Longer than all that follows: what they would change is not to be changed.
  fake.node.state.taskMilliseconds = 600_000
  const interrupted = async (args: readonly string[], signal: 'SIGINT' | 'SIGTERM', seen: () => boolean) => {
    const child = startCli(args, { socketPath: fake.node.socketPath })
    const chunks: Buffer[] = []
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
    await until(seen)
    child.kill(signal)
    return { code: (await child.ended).code, said: Buffer.concat(chunks).toString() }
  }
  const { requests, tasks } = fake.node.state
  const goesOn = /^\S+: task \d+ goes on; `insula task (?:cancel \d+` stops|show \d+ --wait` waits for) it$/m
  for (const [args, signal, code] of [
    [['restart', 'web'], 'SIGINT', 130],
    [['set', 'web', '--memory', '1G'], 'SIGTERM', 143],
    [['recover'], 'SIGINT', 130],
  ] as const) {
    requests.length = 0
    // At once, before the task is answered.
    const end = await interrupted(args, signal, () => requests.length > 0)
    assert.deepEqual([end.code, goesOn.test(end.said)], [code, true], end.said)
    assert.equal(end.said.includes('task cancel'), args[0] !== 'recover', 'what cannot be cancelled is not said to be')
  }
  requests.length = 0
  const shown = await interrupted(['task', 'show', `${tasks.at(-1)?.id}`, '-w'], 'SIGTERM', () => requests.length > 1)
  assert.deepEqual([shown.code, goesOn.test(shown.said)], [143, true], shown.said)
  // In a pipe too, where steps are told every two seconds.
  requests.length = 0
  await interrupted(['vzfs', 'check'], 'SIGINT', () => requests.length > 0)
  const first = requests.find(({ name }) => name === 'vzfsCheck')
  assert.equal(first?.query['wait'], 0.25)
  fake.node.state.taskMilliseconds = 0
})

test('destroy refuses where nobody can be asked, and does what it is told', async () => {
  const refused = await insula('destroy', 'off')
  assert.equal(refused.code, 2)
  assert.match(refused.err, /needs --yes \(or --force\) where nobody can be asked/)
  assert.equal((await insula('destroy', 'off', '-y')).out, 'destroyed off\n')
  assert.equal((await insula('destroy', 'web', '-y')).code, 4)
  assert.equal((await insula('destroy', 'web', '--force')).code, 0)
  assert.equal(fake.node.state.vps.size, 0)
})

test('rename', async () => {
  assert.equal((await insula('rename', 'web', 'www')).out, 'renamed web to www\n')
  assert.equal((await insula('rename', '101', 'off')).code, 4)
  assert.equal((await insula('rename', 'www', '7up')).code, 2)
})

test('list: table, names, columns, JSON', async () => {
  const lines = (await insula('list')).out.split('\n')
  assert.deepEqual(lines, [
    ' ID  NAME  STATE    ADDRESSES    TEMPLATE   MEMORY    CPU',
    '101  web   running  10.77.0.101  debian-12  60M/1G  1m32s',
    '102  off   stopped  10.77.0.102  debian-12    -/1G      -',
    '',
  ])
  assert.equal((await insula('list', '-q')).out, 'web\noff\n')
  assert.equal((await insula('list', '-s', 'stopped', '-o', 'name,nat')).out, 'NAME  NAT\noff   yes\n')
  assert.deepEqual(
    (JSON.parse((await insula('--json', 'list', 'web', '102')).out) as Vps[]).map(({ id }) => id),
    [101, 102],
  )
  assert.match((await insula('list', '-o', 'help')).out, /^boot-order {2}lower starts first$/m)
  const wrong = await insula('list', '-o', 'nmae')
  assert.deepEqual([wrong.code, /there is no column 'nmae'; there are id, name/.test(wrong.err)], [2, true])
  const nobody = await insula('list', 'nobody')
  assert.deepEqual(
    [nobody.code, nobody.err],
    [3, 'insula: there is no VPS "nobody"\n  see `insula list` for those of this node\n'],
  )
  assert.match((await insula('list', 'wbe')).err, /did you mean web\?/)
  assert.match((await insula('list', '-o', 'name,cpu%')).out, /^web {4}0\.0$/m)
})

test('list: an empty one says when the node knows that there are more', async () => {
  fake.node.state.vps.clear()
  const none = await insula('list')
  assert.deepEqual([none.code, none.err], [0, ''])
  fake.node.state.problems.push('2 VPSs have no record')
  const lost = await insula('list', '-q')
  fake.node.state.problems.length = 0
  assert.deepEqual([lost.code, lost.out, lost.err], [0, '', 'insula: 2 VPSs have no record\n'])
})

test('swap on a node without any is allowed, and said to be none', async () => {
  const { code, out, err } = await insula('set', 'web', '--swap', '1G')
  assert.deepEqual([code, out], [0, 'changed web\n'])
  assert.match(err, /^insula: this node has no swap;/)
  assert.equal((await insula('set', 'web', '--swap', '0')).err, '')
  fake.node.state.swap = 1024
  assert.equal((await insula('set', 'web', '--swap', '1G')).err, '')
  fake.node.state.swap = 0
})

test('a disk limit on a volume without quota is recorded, and said to hold nobody', async () => {
  const { volumes } = fake.node.state
  assert.equal((await insula('set', 'web', '--disk', '10G')).err, '')
  const before = volumes.splice(0, volumes.length, fakeVolume('default', { projectQuota: false, userQuota: false }))
  const { code, out, err } = await insula('set', 'web', '--disk', '9G:10G', '--quota-ugid', '5')
  assert.deepEqual([code, out], [0, 'changed web\n'])
  assert.equal(
    err,
    'insula: disk limits and limits of users of web are recorded, but not enforced on volume default; insula doctor says why\n',
  )
  assert.match((await insula('set', '--all', '--inodes', '1000')).err, /^insula: disk limits of \S+, .* are recorded/)
  assert.match((await insula('create', 'limited', '-t', 'micro', '--disk', '1G')).err, /^insula: disk limits of limited are/)
  for (const words of [
    ['--disk', 'unlimited'],
    ['--quota-ugid', '0'],
    ['--memory', '1G'],
  ])
    assert.equal((await insula('set', 'web', ...words)).err, '', words.join(' '))
  volumes.splice(0, volumes.length, ...before)
  fake.node.state.vps.delete(fake.node.state.find('limited')?.id ?? 0)
})

test('show: fields, one value, JSON', async () => {
  const web = fake.node.state.find('web') ?? assert.fail()
  web.relinkDue = true
  const { out } = await insula('show', 'web')
  web.relinkDue = false
  assert.match(out, /^relink +when it stops or starts next$/m)
  assert.match(out, /^disk {9}4\.8M\/∞!$/m)
  assert.match(out, /^inodes {7}120\/∞!$/m)
  assert.match(out, /^disk-limits {2}not enforced on this volume$/m)
  assert.equal((await insula('show', '101', '-o', 'addresses')).out, '10.77.0.101\n')
  assert.equal((JSON.parse((await insula('show', 'web', '--json')).out) as Vps).id, 101)
})

test('a name that is nearly right is suggested', async () => {
  const { code, err } = await insula('show', 'wbe')
  assert.equal(code, 3)
  assert.match(err, /there is no VPS 'wbe'\n {2}did you mean web\?/)
  assert.match((await insula('create', 'x', '-t', 'debian-21')).err, /did you mean debian-12\?/)
})

test('templates', async () => {
  assert.match((await insula('template', 'list')).out, /^debian-12 {2}2026-01-01\.1 {2}yes {5}systemd {3}9321 {2}286M/m)
  assert.match((await insula('template', 'list', '--available')).out, /^debian-13 {2}no/m)
  assert.match((await insula('template', 'show', 'micro')).out, /^used by {5}no VPS$/m)
  assert.equal((await insula('template', 'build', 'micro')).out, 'built micro@2026-01-01.1\n')
  assert.equal((await insula('template', 'update', 'debian-12')).out, 'built debian-12@2026-01-01.1\n')
  assert.deepEqual(lastRequest()?.body, { name: 'debian-12', ifChanged: true })
  assert.equal((await insula('template', 'update', 'micro')).out, 'nothing has changed since micro@2026-01-01.1\n')
  assert.match((await insula('template', 'show', 'micro', '--sbom')).out, /"bomFormat": "CycloneDX"/)
  assert.match(
    (await insula('template', 'diff', 'micro', 'debian-12')).out,
    /^their definitions differ\n[\s\S]*^openssl {2}amd64 {2}3\.0\.1 {2}-$/m,
  )
  assert.match(
    (await insula('template', 'new', 'mine', '--from', 'micro')).out,
    /^\/etc\/insula\/templates\/mine\/template\.yaml$/m,
  )
  assert.equal((await insula('template', 'lint', 'fine')).code, 0)
  const wrong = await insula('template', 'lint', './wrong')
  assert.equal(wrong.code, 1)
  assert.match(wrong.out, /^\/x\/template\.yaml:3: init\.kind: it is missing\n {2}see the docs$/m)
  assert.match(JSON.stringify(lastRequest()?.body), /^\{"directory":"\/.*\/wrong"\}$/)
  assert.equal((await insula('template', 'remove', 'micro', '--json')).code, 0)
})

test('the care of the volume', async () => {
  const df = await insula('vzfs', 'df')
  assert.match(df.out, /^vps +web +default +- +300M +5M +180M +90M$/m)
  assert.match(df.out, /^volume +default +\S+ +- +610M +17M +180M +180M$/m)
  assert.equal((JSON.parse((await insula('vzfs', 'df', '--json')).out) as { vps: unknown[] }).vps.length, 2)
  const residency = await insula('vzfs', 'residency', 'debian-12', '--files', '5')
  assert.match(residency.out, /^debian-12@2026-01-01\.1 +2 +3200 +180M +120 +40M +40M$/m)
  assert.match(residency.out, /^ +4M +5M +\/usr\/lib\/x86_64-linux-gnu\/libcrypto\.so\.3$/m)
  assert.deepEqual(lastRequest()?.query, { template: 'debian-12', files: 5 })
  assert.equal(
    (await insula('vzfs', 'residency', '--vps')).out,
    'WHAT    NAME     VOLUME   RESIDENT  SAVED\nvps     web      default       40M    20M\nvps     off      default       40M    20M\nvolume  default  -             40M    40M\n',
  )
  const gc = await insula('vzfs', 'gc', '--dry-run')
  assert.deepEqual(
    [gc.code, gc.out],
    [
      0,
      'would delete the shared layer of nginx@2026-11-22.1 on debian-12@2026-11-22.1, which no VPS uses\nwould delete 3 contents, 3M, and what these layers alone name\n',
    ],
  )
  assert.deepEqual(lastRequest()?.body, { dryRun: true })

  const { volumeProblems } = fake.node.state
  const well = await insula('vzfs', 'check', '--deep', '--rate', '50M', '--from', '/backup', '--from', '/other')
  assert.equal(well.code, 0)
  assert.deepEqual(lastRequest()?.body, { deep: true, repair: false, rate: 50 * 1024 ** 2, from: ['/backup', '/other'] })
  assert.match(
    well.out,
    /, 3200 contents, and read 180M\n3 contents \(3M\) are named by nothing: insula vzfs gc\nnothing is wrong\n$/,
  )
  volumeProblems.push('it does not hold what its name says')
  const damaged = await insula('vzfs', 'check')
  assert.equal(damaged.code, 1)
  assert.match(
    damaged.out,
    /^damaged {3}\/volume\/pool\/ab\/cd: it does not hold .*\n +web, which runs, cannot open .*\n[^]*1 damaged\n$/,
  )
  assert.equal((await insula('vzfs', 'check', '--json')).code, 1)
  volumeProblems.length = 0
  assert.match((await insula('vzfs', 'check', '--from', 'here')).err, /--from takes an absolute path on the node, not 'here'/)
  assert.match((await insula('vzfs', 'check', '--rate', '1K')).err, /--rate takes/)
})

test('tasks', async () => {
  await insula('start', 'off')
  const { id } = fake.node.state.tasks.at(-1) as Task
  assert.match((await insula('task', 'list', '-n', '1')).out, new RegExp(`${id} {2}vps\\.start {2}off {6}done`))
  assert.match((await insula('task', 'show', String(id))).out, /^state {4}done\n[\s\S]*begun$/m)
  fake.node.state.taskMilliseconds = 4000
  await insula('start', 'off', '--no-wait')
  await insula('stop', 'off', '--no-wait')
  fake.node.state.taskMilliseconds = 0
  const running = fake.node.state.tasks.at(-1) as Task
  assert.match((await insula('task', 'cancel', String(running.id))).out, /^cancelled task/)
  assert.equal((await insula('task', 'show', 'x')).code, 2)
  assert.equal((await insula('task', 'show', '9999')).code, 3)
})

test('doctor: findings, and 1 while something is wrong', async () => {
  const { code, out } = await insula('doctor')
  assert.equal(code, 1)
  assert.equal(out, 'error    vps 101: its link is missing\n         repairable: insula doctor --repair\n')
  assert.match((await insula('doctor', '-v')).out, /^ok {7}kernel/m)
  await insula('doctor', '--repair')
  assert.ok(fake.node.state.requests.some(({ name }) => name === 'doctorRepair'))
})

test('recover and version', async () => {
  assert.equal((await insula('recover')).out, 'recovered; the database now knows 2 VPSs\n')
  assert.match((await insula('version')).out, /^insula \d+\.\d+\.\d+\ninsulad \d/)
  const away = await runCli(['--version'], { socketPath: '/nonexistent' })
  assert.equal(away.code, 0)
  assert.match(away.stdout.toString(), /insulad not known: cannot reach/)
})

test('recover names what it had to give up, and does not end with 0', async () => {
  const { state } = fake.node
  state.damaged = [{ vps: 102, reason: 'its record cannot be read: it is not JSON' }]
  const plain = await insula('recover')
  assert.deepEqual([plain.code, plain.out], [1, 'recovered; the database now knows 2 VPSs\n'])
  assert.match(plain.err, /^insula: VPS 102 could not be recovered: its record cannot be read: it is not JSON$/m)
  const json = await insula('recover', '--json')
  assert.deepEqual([json.code, (JSON.parse(json.out) as Task).result], [1, { damaged: state.damaged }])
  state.damaged = []
})

test('logs: all, the last lines, and what follows', async () => {
  fake.node.state.scrollback = 'one\r\ntwo\r\nthree\r\n'
  assert.equal((await insula('logs', 'web')).out, 'one\r\ntwo\r\nthree\r\n')
  assert.equal((await insula('logs', 'web', '-n', '1')).out, 'three\r\n')
  assert.equal((await insula('logs', 'web', '-n', '0')).out, '')
  const child = startCli(['logs', 'web', '-f', '-n', '2'], { socketPath: fake.node.socketPath })
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  await until(() => Buffer.concat(chunks).includes('three'))
  assert.equal(Buffer.concat(chunks).toString(), 'two\r\nthree\r\n')
  child.kill('SIGTERM')
  await child.ended
})

test('events: lines, JSON, from an id on, and again after insulad was restarted', async () => {
  const { events, listeners } = fake.node.state
  const at = '2026-01-02T03:04:05.000Z'
  events.push({ id: 1, at, vps: 101, kind: 'vps.created', data: { name: 'web' } })
  events.push({ id: 2, at, vps: 101, kind: 'vps.state', data: { name: 'web', from: 'stopped', to: 'starting', problem: null } })
  const child = startCli(['events', '--since', '1', '--json'], { socketPath: fake.node.socketPath })
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ids = () =>
    Buffer.concat(chunks)
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((text) => (JSON.parse(text) as { id: number }).id)
  await until(() => !(ids().length < 1))
  await fake.node.restart(200)
  events.push({ id: 3, at, vps: 101, kind: 'vps.destroyed', data: { name: 'web' } })
  for (let round = 0; round < 200 && (ids().length < 2 || listeners.size === 0); round++) await sleep(20)
  assert.deepEqual(ids(), [2, 3])
  child.kill('SIGTERM')
  await child.ended
  const plain = startCli(['events', '--since', '0'], { socketPath: fake.node.socketPath })
  const said: Buffer[] = []
  plain.stdout?.on('data', (chunk: Buffer) => said.push(chunk))
  await until(() => Buffer.concat(said).includes('destroyed'))
  plain.kill('SIGTERM')
  await plain.ended
  assert.match(Buffer.concat(said).toString(), /^ {5}2 {2}\S+ \S+ {2}web: stopped -> starting$/m)
})

test('mistakes on the command line: one sentence, the usage, exit code 2', async () => {
  for (const [args, said] of [
    [['lst'], /^insula: unknown command 'lst'; did you mean list\?\nUsage: insula COMMAND/],
    [
      ['list', '--jsn'],
      /^insula list: unknown option '--jsn'; did you mean --json\?\nUsage: insula list \[VPS\.\.\.\] \[options\]/,
    ],
    [['help', 'app', 'nginx'], /^insula app: unknown command 'nginx'/],
    [['help', 'lst'], /^insula: unknown command 'lst'; did you mean list\?/],
    [['list', '-o'], /^insula list: option '-o, --columns COLUMNS' argument missing/],
    [['show'], /^insula show: missing required argument 'VPS'\nUsage: insula show VPS \[options\]/],
    [['rename', 'a', 'b', 'c'], /^insula rename: too many arguments/],
    [['template', 'bild'], /^insula template: unknown command 'bild'; did you mean build\?/],
    [['exec', 'web'], /^insula exec: missing required argument 'COMMAND'\nUsage: insula exec VPS COMMAND\.\.\. \[options\]/],
    [['exec', 'web', '-e', 'X', 'ls'], /--env takes KEY=VALUE, not 'X'/],
    [['--instance', 'No!', 'list'], /'No!' cannot be the name of an instance/],
    [['console', 'web', '--detach-keys', 'nonsense'], /takes keys joined by commas/],
  ] as const) {
    const { code, out, err } = await insula(...args)
    assert.deepEqual([code, out], [2, ''], `${args.join(' ')}: ${err}`)
    assert.match(err, said)
  }
})

test('help goes to stdout with 0, in every spelling', async () => {
  const help = (await insula('list', '--help')).out
  assert.match(help, /^Usage: insula list \[VPS\.\.\.\] \[options\]\n\nList VPSs\./)
  assert.match(help, /\nExamples:\n {2}insula list /)
  assert.equal((await insula('help', 'list')).out, help)
  assert.equal((await insula('list', '-h')).out, help)
  assert.equal((await insula('help', 'list', 'web', '--json')).out, help)
  assert.match((await insula('help', 'app', 'add', 'web', 'nginx')).out, /^Usage: insula app add /)
  assert.match((await insula('help', 'template', 'build')).out, /^Usage: insula template build NAME/)
  assert.match((await insula()).out, /^Usage: insula COMMAND/)
  assert.match((await insula('help', 'exit-codes')).out, /^ {2}128\+N /m)
})

test('a node that cannot be reached or may not be used', async () => {
  const away = await runCli(['list'], { socketPath: '/nonexistent/api.sock' })
  assert.equal(away.code, 9)
  assert.match(
    away.stderr,
    /^insula: cannot reach insulad of the instance insula at \/nonexistent\/api\.sock: there is no such socket\n {2}`sudo insula doctor` looks for the reason; `sudo \.\/up` in the checkout/,
  )
  const json = await runCli(['list', '--json'], { socketPath: '/nonexistent/api.sock' })
  assert.equal((JSON.parse(json.stderr) as { error: { code: string } }).error.code, 'unavailable')
  const directory = mkdtempSync(join(tmpdir(), 'insula-denied-'))
  const socketPath = join(directory, 'sock')
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const cut = await runCli(['list'], { socketPath })
  assert.deepEqual([cut.code, /ended the connection before it answered/.test(cut.stderr)], [9, true])
  chmodSync(socketPath, 0)
  await new Promise((resolve) => server.close(resolve))
  rmSync(directory, { recursive: true })
})

test('a reader that goes away early ends it quietly', async () => {
  for (let id = 1000; id < 3000; id++) fake.node.state.vps.set(id, fakeVps(id, `vps-${id}`))
  const child = startCli(['list', '--json'], { socketPath: fake.node.socketPath })
  const chunks: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdout?.once('data', () => child.stdout?.destroy())
  assert.equal((await child.ended).code, 141)
  assert.equal(Buffer.concat(chunks).toString(), '')
})

test('quota grace: times are shown and sent in seconds', async () => {
  assert.equal(
    (await insula('quota', 'grace', 'web')).out,
    'user: 7d for disk space, 7d for inodes\ngroup: 7d for disk space, 7d for inodes; its limits are off\n',
  )
  const { out, code } = await insula('quota', 'grace', 'web', '--disk', '36h', '--inodes', '90s')
  assert.deepEqual([code, out.split('\n')[0]], [0, 'user: 36h for disk space, 90s for inodes'])
  for (const wrong of [
    ['--disk', '0d'],
    ['--disk', 'week'],
    ['--kind', 'user'],
    ['--inodes', '99999d'],
  ])
    assert.equal((await insula('quota', 'grace', 'web', ...wrong)).code, 2, wrong.join(' '))
})

test('quota: limits of users and groups are sent in bytes, and listed', async () => {
  const { out, code } = await insula('quota', 'set', 'web', '--user', '1000', '--disk', '900M:1G', '--inodes', 'unlimited')
  assert.deepEqual([code, out], [0, 'user 1000 of web: at most 1G, any inodes\n'])
  const list = await insula('quota', 'list', 'web')
  assert.match(list.out, /^user +1000 {2}4\.8M/m)
  assert.equal(
    list.err,
    'insula: limits of groups do not hold: root of the VPS has turned them off, quotaon inside turns them on\n',
  )
  for (const wrong of [
    ['--disk', '1G'],
    ['--user', '1', '--group', '1', '--disk', '1G'],
    ['--user', '1'],
    ['--user', '70000', '--disk', '1G'],
  ]) {
    assert.equal((await insula('quota', 'set', 'web', ...wrong)).code, 2, wrong.join(' '))
  }
})

test('metrics prints what the node answers, as it is', async () => {
  assert.deepEqual(await insula('metrics'), { code: 0, out: '# TYPE up gauge\nup 1\n# EOF\n', err: '' })
})

test('snapshots are made, listed, rolled back to and removed by name', async () => {
  const made = await insula('snapshot', 'create', 'web', 'daily', '--comment', 'before it', '--expires', '7d', '--suspend')
  assert.deepEqual(made, { code: 0, out: 'made snapshot daily of web\n', err: '' })
  assert.deepEqual(lastRequest()?.body, { name: 'daily', comment: 'before it', expires: 604_800, suspend: true })
  assert.deepEqual((await insula('snapshot', 'create', 'web', '-q')).out, 'by-time\n')
  assert.deepEqual(lastRequest()?.body, {})
  const list = await insula('snapshot', 'list', 'web')
  assert.match(list.out, /^NAME +CREATED +EXPIRES +SIZE +CAUSE +COMMENT\ndaily .* - +4\.8M +asked +before the upgrade\nold /m)
  assert.equal((await insula('snapshot', 'list', 'web', '-q')).out, 'daily\nold\n')
  assert.equal((await insula('snapshot', 'rollback', 'web', 'daily')).code, 4)
  const rolled = await insula('snapshot', 'rollback', 'off', 'daily')
  assert.equal(rolled.out, 'off is what it was at daily; what it was before is snapshot before-rollback-x\n')
  assert.equal((await insula('snapshot', 'remove', 'web', 'old')).out, 'removed snapshot old of web\n')
  assert.deepEqual(lastRequest()?.params, { vps: 'web', snapshot: 'old' })
  const bad = await insula('snapshot', 'create', 'web', 'a/b')
  assert.deepEqual([bad.code, /'a\/b' cannot be the name of a snapshot/.test(bad.err)], [2, true])
})

test('a schedule of snapshots is set, shown and taken away', async () => {
  assert.equal((await insula('snapshot', 'schedule', 'web')).out, 'none are made by themselves\n')
  const set = await insula('snapshot', 'schedule', 'web', '--every', '12h', '--keep', '3')
  assert.deepEqual(set, { code: 0, out: 'every 12h, the last 3 are kept\n', err: '' })
  const body = fake.node.state.requests.find(({ name }) => name === 'vpsChange')?.body
  assert.deepEqual(body, { snapshots: { every: 43_200, at: null, keep: 3, suspend: false } })
  assert.equal((await insula('snapshot', 'schedule', 'web', '--at', '30 3 * * *')).out, 'at "30 3 * * *", the last 7 are kept\n')
  assert.match((await insula('show', 'web')).out, /^snapshots +at "30 3 \* \* \*", the last 7 are kept$/m)
  assert.equal((await insula('snapshot', 'schedule', 'web', '--off')).out, 'none are made by themselves\n')
  for (const wrong of [
    ['--every', '1d', '--at', '* * * * *'],
    ['--keep', '3'],
    ['--off', '--keep', '3'],
    ['--every', 'x'],
  ])
    assert.equal((await insula('snapshot', 'schedule', 'web', ...wrong)).code, 2, wrong.join(' '))
})

test('clone says what it made, and starts it when told', async () => {
  const { code, out } = await insula('clone', 'off', 'copy')
  assert.deepEqual([code, out], [0, 'cloned off as copy (103), 10.77.0.103\n'])
  assert.deepEqual(fake.node.state.requests[0]?.body, { name: 'copy' })
  const more = await insula(
    'clone',
    'off',
    'second',
    '--snapshot',
    'daily',
    '--ip',
    '10.0.0.9',
    '--hostname',
    'b.example',
    '--start',
  )
  assert.equal(more.out, 'cloned off as second (104) and started it, 10.0.0.9\n')
  const asked = fake.node.state.requests.filter(({ name }) => name === 'vpsClone').at(-1)
  assert.deepEqual(asked?.body, { name: 'second', snapshot: 'daily', addresses: ['10.0.0.9'], hostname: 'b.example' })
  assert.ok(fake.node.state.requests.some(({ name }) => name === 'vpsStart'))
  assert.equal((await insula('clone', 'off', 'UPPER')).code, 2)
})

test('volumes are listed, added and removed, and a VPS moves between them', async () => {
  const { volumes } = fake.node.state
  volumes.splice(1)
  const added = await insula('vzfs', 'volume', 'add', 'ssd', '/mnt/ssd', '--size', '20G')
  assert.deepEqual(added, { code: 0, out: 'added volume ssd, /mnt/ssd (xfs on /dev/sda1)\n', err: '' })
  const sent = fake.node.state.requests.find(({ name }) => name === 'volumeAdd')
  assert.deepEqual(sent?.body, { name: 'ssd', directory: '/mnt/ssd', size: 20 * 1024 ** 3 })
  volumes.push(fakeVolume('lost', { present: false, problem: 'the disk is gone', totalBytes: null, freeBytes: null }))
  const { out } = await insula('vzfs', 'volume', 'list', '-o', 'name,state,size,problem')
  assert.match(out, /^default +present +20G +-$/m)
  assert.match(out, /^lost +missing +- +the disk is gone$/m)

  assert.equal((await insula('vzfs', 'volume', 'grace', 'ssd')).out, 'ssd: 7d for disk space, 7d for inodes\n')
  const set = await insula('vzfs', 'volume', 'grace', 'ssd', '--inodes', '12h')
  assert.equal(set.out, 'ssd: 7d for disk space, 12h for inodes\n')
  assert.match((await insula('vzfs', 'volume', 'list', '-o', 'name,grace')).out, /^ssd +7d, 12h$/m)
  const nowhere = await insula('vzfs', 'volume', 'grace', 'nowhere')
  assert.deepEqual([nowhere.code, nowhere.err.split('\n')[0]], [3, 'insula: there is no volume "nowhere"'])
  assert.equal((await insula('vzfs', 'volume', 'grace', 'ssd', '--disk', '0s')).code, 2)

  assert.equal((await insula('create', 'new', '-t', 'micro', '--volume', 'ssd')).code, 0)
  assert.equal(fake.node.state.requests.find(({ name }) => name === 'vpsCreate')?.body['volume'], 'ssd')
  assert.equal((await insula('list', '-o', 'name,volume')).out.includes('new   ssd'), true)
  assert.equal((await insula('vzfs', 'move', 'off', '--volume', 'ssd')).out, 'moved off to volume ssd\n')
  assert.equal((await insula('clone', 'off', 'twin', '--volume', 'ssd')).code, 0)
  assert.equal(fake.node.state.requests.find(({ name }) => name === 'vpsClone')?.body['volume'], 'ssd')
  assert.equal((await insula('vzfs', 'volume', 'remove', 'ssd')).out, 'removed volume ssd\n')
  assert.deepEqual(
    volumes.map(({ name }) => name),
    ['default', 'lost'],
  )
  volumes.splice(1)
})

test('what cannot be a volume is refused before anything is asked, and the help of nested groups is there', async () => {
  for (const [args, said] of [
    [['vzfs', 'volume', 'add', 'Bad', '/x'], /'Bad' cannot be the name of a volume/],
    [['vzfs', 'volume', 'add', 'ssd', 'x'], /takes an absolute path, not 'x'/],
    [['vzfs', 'volume', 'add', 'ssd', '/x', '--size', 'unlimited'], /--size takes a size such as 20G/],
    [['vzfs', 'volume', 'ad'], /insula vzfs volume: unknown command 'ad'; did you mean add\?/],
    [['vzfs', 'move', 'off'], /--volume/],
  ] as const) {
    const { code, err } = await insula(...args)
    assert.deepEqual([code, said.test(err)], [2, true], err)
  }
  assert.equal(fake.node.state.requests.length, 0)
  assert.match((await insula('vzfs', 'volume', '--help')).out, /add .*\n.*list|list .*\n.*add/)
})

function openFilesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    return []
  }
}
