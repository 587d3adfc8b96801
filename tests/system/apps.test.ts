/** Apps in VPSs, with real packages: the package manager inside stays right, files are shared, and nothing is left of what is removed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { realProcessRunner } from '@insula/kernel'
import { listing } from './support/listing.ts'
import { narrowed } from './support/narrowed.ts'
import { BOOTED, testNode, until } from './support/node.ts'

const OS = 'debian-12-minimal'
const node = await testNode([OS])
const DEBIAN = ['--template', OS, '--ip', 'auto']
const runner = realProcessRunner()
narrowed(node, ['nginx', 'redis', 'php-fpm', 'nodejs', 'apache', 'mariadb', 'postgresql', 'podman'], OS)
const packages = (vps: string) => node.inside(vps, 'dpkg-query', '-W', '-f', '${Package} ${Version} ${Status}\n')

async function build(app: string): Promise<string> {
  const { code, stderr, stdout } = await node.insula(['template', 'build', app, '-q'], { deadline: 300_000 })
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

async function insula(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await node.insula(args, { deadline: 400_000 })
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  return stdout
}

async function sound(vps: string): Promise<void> {
  const look = 'dpkg --verify; dpkg --audit; apt-get check -qq; ls -d /var/lib/insula-app 2>/dev/null; true'
  assert.equal(await node.inside(vps, 'sh', '-c', look), '')
}

/** Lines that one of them has, and the other does not. */
const changed = (before: readonly string[], after: readonly string[]): string[] => {
  const [had, has] = [new Set(before), new Set(after)]
  return [...before.filter((line) => !has.has(line)).map((line) => `- ${line}`), ...after.filter((line) => !had.has(line))]
}

async function get(vps: string, port = 80, path = '/'): Promise<string> {
  const [address = ''] = (await node.show(vps)).addresses
  return (await fetch(`http://${address}:${port}${path}`)).text()
}

const diskOf = async (vps: string): Promise<number> => ((await node.show(vps))['disk'] as { bytes: number }).bytes

test('nginx in several VPSs at once, with parameters; it answers, survives a kill of insulad, and leaves no trace', async () => {
  const ref = await build('nginx')
  const names = await Promise.all(['app-one', 'app-two', 'app-three'].map((name) => node.running(name, DEBIAN)))
  const before = await packages('app-one')
  // Cut off in the middle, wherever that is: insulad goes on with it when it is there again.
  const started = await node.ok('app', 'add', ...names, 'nginx', '--set', 'port=8080', '--no-wait', '-q')
  await sleep(1_500)
  await node.killAndAwait('insulad')
  const shown = async () =>
    JSON.parse(await node.ok('task', 'show', started.trim(), '--json')) as {
      state: string
      result: { vps: { outcome: string }[] } | null
    }
  await until('the task goes on to its end', async () => (await shown()).state !== 'running', 200)
  const { state, result } = await shown()
  assert.deepEqual(
    [state, result?.vps.map(({ outcome }) => outcome)],
    ['done', names.map(() => 'done')],
    JSON.stringify(await shown()),
  )
  assert.match(await insula('app', 'add', ...names, 'nginx'), /nothing to do: it has it/)
  for (const name of names) {
    assert.match(await get(name, 8080), new RegExp(`nginx serves ${name}`))
    assert.deepEqual(
      ((await node.show(name))['apps'] as { ref: string; state: string }[]).map((one) => [one.ref, one.state]),
      [[ref, 'ready']],
    )
    await sound(name)
  }
  assert.notEqual((await node.insula(['template', 'remove', ref])).code, 0)

  // Each has brought the same: on the disk and in RAM that is one copy, once they were stopped.
  const own = await diskOf('app-two')
  await insula('stop', ...names)
  await insula('vzfs', 'relink', ...names)
  assert.ok(own - (await diskOf('app-two')) > 1_000_000, `${own} before`)
  await insula('start', ...names, ...BOOTED)
  for (const name of names) assert.match(await get(name, 8080), new RegExp(`nginx serves ${name}`))
  await sharedInRam(names, '/usr/sbin/nginx')

  // What the tenant does by other means goes on.
  await node.inside('app-two', 'sh', '-c', 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get upgrade -y -qq')
  await sound('app-two')
  assert.match(await insula('app', 'remove', ...names, 'nginx', '--purge'), /app-two: nginx removed/)
  assert.equal(await packages('app-one'), before)
  await sound('app-one')
  assert.equal(await node.inside('app-one', 'sh', '-c', 'ls -d /etc/nginx /var/www /usr/sbin/nginx 2>/dev/null || true'), '')
})

/** Run by none and thrown out of RAM, then read by one of them: it is there for another. */
async function sharedInRam(names: readonly string[], path: string): Promise<void> {
  const [one = '', other = ''] = names
  for (const name of names) await node.inside(name, 'systemctl', 'stop', 'nginx')
  const [digest = ''] = (await node.inside(one, 'sha256sum', path)).split(' ')
  const contents = join(node.instance.volume, 'pool', digest.slice(0, 2), digest.slice(2))
  const resident = async (name: string): Promise<number> => {
    const file = `/proc/${(await node.show(name)).pid}/root${path}`
    return Number((await runner.run(['fincore', '-b', '-n', '-o', 'RES', file])).stdout.trim())
  }
  // Pages that a processor has just had in its hands stay for a moment.
  await until(`${path} is out of RAM`, async () => {
    await runner.run(['dd', `if=${contents}`, 'iflag=nocache', 'count=0'])
    return (await resident(other)) === 0
  })
  await node.inside(one, 'sha256sum', path)
  assert.ok((await resident(other)) > 1_000_000)
}

test('redis: a password that is made, shown once, and holds', async () => {
  await build('redis')
  const name = await node.running('app-redis', DEBIAN)
  const said = await insula('app', 'add', name, 'redis')
  const password = /password is (\S+) /.exec(said)?.[1] ?? assert.fail(said)
  const ask = (...args: string[]) => node.inside(name, 'redis-cli', '--no-auth-warning', ...args)
  assert.equal(await ask('-a', password, 'ping'), 'PONG')
  assert.match(await ask('ping'), /NOAUTH/)
  assert.ok(!(await node.ok('task', 'list', '--json')).includes(password))
  await sound(name)

  // Another one on the same port says why not, in the words of its service, and is as if it had not been.
  const etc = () =>
    node.inside(name, 'sh', '-c', "find /etc /var/www ! -name 'ld.so.cache*' ! -name '*.dpkg*' 2>/dev/null | sort")
  const before = [await packages(name), await etc()]
  const refused = async (...args: string[]) => (await node.insula(['app', ...args])).stderr
  const taken = /bind\(\) to 0\.0\.0\.0:6379 failed \(98: Address already in use\).*something else has the port/s
  assert.match(await refused('add', name, 'nginx', '--set', 'port=6379'), taken)
  assert.deepEqual([await packages(name), await etc()], before)
  assert.equal(await node.inside(name, 'systemctl', '--failed', '--no-legend'), '')
  await sound(name)
  await insula('app', 'add', name, 'nginx')
  assert.match(await refused('upgrade', name, 'nginx', '--set', 'port=6379'), taken)
  assert.match(await get(name), /nginx serves app-redis/)
  await insula('app', 'upgrade', name, 'nginx', '--set', 'port=81')
  assert.match(await get(name, 81), /nginx serves app-redis/)
  // A service that fails says so in the journal, and its script does not.
  const unit = '[Service]\nExecStartPre=/bin/sh -c "echo no such luck >&2; exit 1"\n'
  const drop = '/etc/systemd/system/nginx.service.d'
  await node.inside(
    name,
    'sh',
    '-c',
    `mkdir ${drop} && printf '%s' "$1" > ${drop}/bad.conf && systemctl daemon-reload && systemctl stop nginx`,
    'sh',
    unit,
  )
  assert.match(
    await refused('upgrade', name, 'nginx', '--set', 'port=82'),
    /nginx\.service does not run and said: (?:.* \| )?no such luck/,
  )
  await node.inside(
    name,
    'sh',
    '-c',
    'rm -r /etc/systemd/system/nginx.service.d && systemctl daemon-reload && systemctl reset-failed',
  )
  await insula('app', 'upgrade', name, 'nginx', '--set', 'port=82')
  assert.match(await get(name, 82), /nginx serves app-redis/)
})

interface Before {
  readonly packages: string
  readonly files: readonly string[]
}
const allOf = async (vps: string): Promise<Before> => ({ packages: await packages(vps), files: await listing(node, vps) })

/** Nothing came that is still there, and nothing went that was there. */
async function asBefore(vps: string, before: Before): Promise<void> {
  const after = await allOf(vps)
  assert.equal(after.packages, before.packages)
  assert.deepEqual(changed(before.files, after.files), [])
  assert.equal(await node.inside(vps, 'systemctl', '--failed', '--no-legend'), '')
  await sound(vps)
}

test('two database servers with parameters answer to a password that is shown once, and go without a trace', async () => {
  for (const app of ['mariadb', 'postgresql']) await build(app)
  const name = await node.running('app-db', [...DEBIAN, '-m', '1G'])
  const before = await allOf(name)
  const added = async (app: string, ...values: string[]): Promise<string> => {
    const said = await insula('app', 'add', name, app, ...values.flatMap((value) => ['--set', value]))
    return /password is (\S+) /.exec(said)?.[1] ?? assert.fail(said)
  }
  const [maria, postgres] = [
    await added('mariadb', 'port=3307', 'user=shop', 'data-dir=/srv/db'),
    await added('postgresql', 'port=5433', 'user=boss'),
  ]
  const asMaria = (password: string) =>
    node.exec(name, ['mariadb', '-h127.0.0.1', '-P3307', '-ushop', `-p${password}`, '-Ne', 'SELECT 6 * 7, @@datadir'])
  const asPostgres = (password: string) =>
    node.exec(name, [
      'env',
      `PGPASSWORD=${password}`,
      'psql',
      '-h127.0.0.1',
      '-p5433',
      '-Uboss',
      '-dpostgres',
      '-Atc',
      'SELECT 6 * 7, current_user',
    ])
  assert.equal((await asMaria(maria)).stdout.trim(), '42\t/srv/db/')
  assert.equal((await asPostgres(postgres)).stdout.trim(), '42|boss')
  for (const ask of [asMaria, asPostgres]) assert.notEqual((await ask('wrong')).code, 0)
  const told = await node.ok('task', 'list', '--json')
  for (const password of [maria, postgres]) assert.ok(!told.includes(password))
  await sound(name)
  for (const app of ['mariadb', 'postgresql']) await insula('app', 'remove', name, app, '--purge')
  await asBefore(name, before)
})

/** The least that a shell needs, of the VPS itself: no registry is asked. */
const SHELL = ['bin/dash', 'lib64/ld-linux-x86-64.so.2', 'lib/x86_64-linux-gnu/libc.so.6']

test('podman runs a container inside, and goes with its images', async () => {
  const name = 'app-db'
  await build('podman')
  const before = await allOf(name)
  await insula('app', 'add', name, 'podman')
  await node.inside(name, 'sh', '-c', `tar -C / -chf - ${SHELL.join(' ')} | podman import -q - shell`)
  const said = ['sh', '-c', "podman run --rm shell /bin/dash -c 'echo $((6 * 7)) $$; echo /etc/*'"]
  assert.match(await node.inside(name, ...said), /^42 1\n(?!.*\/etc\/debian_version)/)
  await insula('app', 'remove', name, 'podman', '--purge')
  await asBefore(name, before)
})

test('a VPS comes with apps of a shared layer, another one at once', async () => {
  for (const app of ['nginx', 'php-fpm', 'nodejs', 'apache']) await build(app)
  // Both web servers want port 80 at first: the one that gives it up goes first.
  const apps = ['--app', 'apache', '--app', 'php-fpm', '--app', 'nodejs']
  const values = ['--set', 'apache.port=8081', '--set', 'apache.root=/srv/www']
  const said = await insula('create', 'app-all', ...DEBIAN, '-m', '1G', ...apps, ...values, '--start')
  assert.equal([...said.matchAll(/app-all: (\S+)@\S+ is ready/g)].map(([, name]) => name).join(), 'apache,nginx,php-fpm,nodejs')
  await node.inside('app-all', 'sh', '-c', `echo '<?php echo 6 * 7;' > /var/www/html/six.php`)
  assert.equal(await get('app-all', 80, '/six.php'), '42')
  assert.match(await get('app-all', 3000), /^Node\.js serves app-all/)
  // Whoever has the port is named, and Apache goes on where it was.
  const { stderr } = await node.insula(['app', 'upgrade', 'app-all', 'apache', '--set', 'port=80'])
  assert.match(stderr, /nginx \(process \d+\) listens on port 80.*something else has the port/s)
  assert.match(await get('app-all', 8081), /Apache serves app-all/)
  assert.equal(
    await node.inside('app-all', 'sh', '-c', 'systemctl --failed --no-legend; dpkg --verify; apt-get check -qq'),
    '??5?????? c /etc/apache2/ports.conf',
  )
  await insula('create', 'app-too', ...DEBIAN, ...apps)
  assert.ok((await diskOf('app-too')) < 200_000)
  assert.match((await node.insula(['app', 'remove', 'app-all', 'nginx'])).stderr, /php-fpm needs it/)
  await insula('app', 'remove', 'app-all', 'php-fpm', '--purge')
  await insula('app', 'remove', 'app-all', 'nginx', '--purge')
  assert.equal(await node.inside('app-all', 'sh', '-c', 'ls -d /etc/php /usr/sbin/nginx 2>/dev/null || true'), '')
  assert.match(await get('app-all', 3000), /^Node\.js serves app-all/)
})
