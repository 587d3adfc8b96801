/** Systems of RPM packages, installed by the node's dnf from a signed repository that the test makes. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OsDefinition } from '@insula/contract'
import { realProcessRunner } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'
import { installTree } from '../install-tree.ts'
import { newKey, rpmRepository } from '../testing/rpm-repository.ts'
import { addTinySystem } from '../testing/tiny-rpm-system.ts'

const beside = mkdtempSync('/var/tmp/insula-rpm-')
const repository = await rpmRepository(beside)
await addTinySystem(repository)
await repository.publish()
after(async () => {
  await repository[Symbol.asyncDispose]()
  rmSync(beside, { recursive: true, force: true })
})
const runner = realProcessRunner()

interface Wish {
  readonly packages?: readonly string[]
  readonly key?: Buffer
  readonly address?: string
  readonly database?: string
  readonly signal?: AbortSignal
}

function world(t: TestContext) {
  const place = mkdtempSync(join(beside, 'build-'))
  t.after(() => rmSync(place, { recursive: true, force: true }))
  const [tree, work] = [join(place, 'tree'), join(place, 'work')]
  const lines: string[] = []
  const build = (wish: Wish = {}) => {
    for (const directory of [tree, work]) {
      rmSync(directory, { recursive: true, force: true })
      mkdirSync(directory)
    }
    const {
      packages = ['tiny-busybox'],
      key = repository.key,
      address = repository.address,
      database = '/var/lib/rpm',
      signal,
    } = wish
    const definition: OsDefinition = {
      kind: 'os',
      description: 'tiny',
      family: 'rhel',
      distribution: 'tiny',
      release: '9',
      architectures: ['amd64'],
      init: { kind: 'busybox', path: '/sbin/init', stopSignal: 'SIGUSR2', ready: 'none' },
      install: {
        with: 'dnf',
        packages: [...packages],
        exclude: [],
        weakDependencies: false,
        database,
        repositories: [{ name: 'tiny', address, keys: ['keys/tiny.asc'], signedMetadata: false }],
      },
      files: {},
      links: {},
      scripts: [],
      remove: [],
    }
    const source = { name: 'tiny-9', definition, contents: { 'keys/tiny.asc': key } }
    return installTree(source, {
      runner,
      architecture: 'amd64',
      fresh: false,
      tree,
      work,
      signal,
      log: (line) => void lines.push(line),
    })
  }
  return { tree, work, lines, build }
}

async function fails(building: Promise<unknown>, reason: TemplateFailed['reason'], says: RegExp): Promise<void> {
  await assert.rejects(building, (error) => {
    assert.ok(error instanceof TemplateFailed, String(error))
    assert.equal(error.reason, reason, error.message)
    assert.match(error.message, says)
    assert.match(error.message, /^template tiny-9 could not be built: /)
    return true
  })
}

test('a system with its database, its repositories and the hashes of its packages, and nothing of the build', async (t) => {
  const { tree, lines, build } = world(t)
  const { packages, sources } = await build()
  const hash = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(repository.directory, name)))
      .digest('hex')
  assert.deepEqual(packages, [
    { name: 'tiny-busybox', version: '1:1.2-1', architecture: 'x86_64', sha256: hash('tiny-busybox-1.2-1.x86_64.rpm') },
    { name: 'tiny-filesystem', version: '1.0-1', architecture: 'x86_64', sha256: hash('tiny-filesystem-1.0-1.x86_64.rpm') },
  ])
  assert.deepEqual(sources, [{ address: repository.address, suites: [] }])
  assert.equal(readFileSync(join(tree, 'root/installed-by'), 'utf8'), '0\n')
  assert.match(
    readFileSync(join(tree, 'etc/yum.repos.d/tiny.repo'), 'utf8'),
    /gpgcheck=1[^]*gpgkey=file:\/\/\/etc\/pki\/rpm-gpg\/RPM-GPG-KEY-insula-tiny-1\n/,
  )
  assert.deepEqual(readFileSync(join(tree, 'etc/pki/rpm-gpg/RPM-GPG-KEY-insula-tiny-1')), repository.key)
  for (const empty of ['dev', 'proc', 'sys', 'run', 'tmp', 'var/tmp', 'var/cache/dnf'])
    assert.deepEqual(readdirSync(join(tree, empty)), [], empty)
  assert.equal(statSync(join(tree, 'proc')).mode & 0o7777, 0o555)
  assert.deepEqual(readdirSync(join(tree, 'var/lib/rpm')), ['rpmdb.sqlite'])
  const { stdout } = await runner.run(['rpm', `--root=${tree}`, '--dbpath=/var/lib/rpm', '--verify', '--all'])
  assert.equal(stdout, '')
  assert.ok(lines.some((line) => line.includes('Running scriptlet')))
})

test('packages that a repository of the same name has brought with it keep their own settings', async (t) => {
  await repository.add({
    name: 'tiny-repos',
    version: '1',
    install: "mkdir -p $1/etc/yum.repos.d; printf '[tiny]\\nname=own\\n' > $1/etc/yum.repos.d/own.repo",
    files: ['/etc/yum.repos.d/own.repo'],
  })
  await repository.publish()
  const { tree, build } = world(t)
  await build({ packages: ['tiny-busybox', 'tiny-repos'] })
  assert.deepEqual(readdirSync(join(tree, 'etc/yum.repos.d')), ['own.repo'])
})

test('a database elsewhere, as Fedora has it', async (t) => {
  const { tree, build } = world(t)
  const { packages } = await build({ database: '/usr/lib/sysimage/rpm' })
  assert.equal(packages.length, 2)
  assert.deepEqual(readdirSync(join(tree, 'usr/lib/sysimage/rpm')), ['rpmdb.sqlite'])
  assert.equal(existsSync(join(tree, 'var/lib/rpm')), false)
})

test('a key that is not the right one, and a package that nobody signed, are refused', async (t) => {
  const { build } = world(t)
  const home = mkdtempSync(join(beside, 'other-'))
  const other = await newKey(home, 'other@example.org')
  await runner.run(['gpgconf', '--homedir', home, '--kill', 'all'])
  await fails(build({ key: other }), 'signature', /are not signed by the keys of the definition \(Public key for tiny-/)
  await repository.add({ name: 'tiny-unsigned', version: '1', install: 'mkdir $1/opt', files: ['/opt'], unsigned: true })
  await repository.publish()
  await fails(build({ packages: ['tiny-unsigned'] }), 'signature', /tiny-unsigned-1-1.x86_64.rpm is not signed/)
})

test('a package that is missing, one that its hash does not fit, and a repository that is gone', async (t) => {
  const { build } = world(t)
  await fails(build({ packages: ['tiny-nothing'] }), 'failed', /there is no package tiny-nothing in http/)
  const file = await repository.add({ name: 'tiny-changed', version: '1', install: 'mkdir $1/opt', files: ['/opt'] })
  await repository.publish()
  const sound = readFileSync(file)
  appendFileSync(file, 'x')
  await fails(build({ packages: ['tiny-changed'] }), 'mirror_unreachable', /tiny-changed/)
  writeFileSync(file, Buffer.concat([sound.subarray(0, -1), Buffer.of((sound.at(-1) ?? 0) ^ 1)]))
  await fails(build({ packages: ['tiny-changed'] }), 'mirror_unreachable', /tiny-changed/)
  writeFileSync(file, sound)
  await fails(build({ address: 'http://127.0.0.1:9/nothing' }), 'mirror_unreachable', /could not be read/)
  repository.onRequest = (path) => (path.endsWith('.rpm') ? 'drop' : 'give')
  await fails(build(), 'mirror_unreachable', /could not be read/)
  repository.onRequest = null
  await build({ packages: ['tiny-changed'] })
})

test('scripts of packages reach neither the node nor a network', async (t) => {
  const { build, tree } = world(t)
  const outside = join(beside, 'outside')
  mkdirSync(outside)
  await repository.add({
    name: 'tiny-hostile',
    version: '1',
    requires: ['tiny-busybox'],
    install: 'mkdir $1/opt',
    files: ['/opt'],
    scripts: {
      // It leaves the root that it was put into, as root with CAP_SYS_CHROOT can.
      post: [
        'mkdir -p /opt/a && cd / && mknod /opt/disk b 7 0; echo "mknod $?" > /opt/said',
        'mount -t tmpfs none /opt/a; echo "mount $?" >> /opt/said',
        'echo 1 > /proc/sys/vm/drop_caches; echo "sysctl $?" >> /opt/said',
        `chroot /opt/a true; up=""; for n in 1 2 3 4 5 6 7 8; do up="$up../"; done; touch "$up${outside}/here" 2> /dev/null; echo "out $?" >> /opt/said`,
        'ls /sys/class/net 2> /dev/null; ip link | grep -c ": " >> /opt/said',
      ].join('\n'),
    },
  })
  await repository.publish()
  await build({ packages: ['tiny-hostile'] })
  assert.match(readFileSync(join(tree, 'opt/said'), 'utf8'), /^mknod 1\nmount (?!0)\d+\nsysctl 1\nout 1\n1\n$/)
  assert.deepEqual(readdirSync(outside), [])
})

test('a build that is told to end leaves no process and no mount', async (t) => {
  const { build, tree } = world(t)
  await repository.add({
    name: 'tiny-slow',
    version: '1',
    requires: ['tiny-busybox'],
    install: 'mkdir $1/opt',
    files: ['/opt'],
    scripts: { post: 'touch /root/began; sleep 1000' },
  })
  await repository.publish()
  const abort = new AbortController()
  const building = build({ packages: ['tiny-slow'], signal: abort.signal })
  building.catch(() => undefined)
  for (let tries = 0; !existsSync(join(tree, 'root/began')); tries += 1) {
    assert.ok(tries < 600, 'its script did not begin')
    await sleep(50)
  }
  abort.abort(new Error('told to'))
  await assert.rejects(building, /told to/)
  // Whoever is killed may take a moment to be gone.
  for (let tries = 0; tries < 40 && usersOf(tree).length > 0; tries += 1) await sleep(50)
  assert.deepEqual(usersOf(tree), [])
})

/** Processes in whose mount namespace something is mounted there. */
function usersOf(tree: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(tree)
    } catch {
      return false
    }
  })
}
