/** App versions from a signed archive that the test makes, and one from the node's own mirror. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realFileCalls, realProcessRunner, realQuota } from '@insula/kernel'
import { openVzfs, type Vzfs } from '@insula/vzfs'
import { KEYRING } from '../debian/mmdebstrap.ts'
import { TemplateFailed } from '../failure.ts'
import { debRepository, type DebRepository } from '../testing/deb-repository.ts'
import type { App, AppSource } from './app.ts'
import { type AppBuildNeed, buildApp } from './build-app.ts'
import { listApps } from './apps.ts'
import { fieldOf, parseStanzas } from './deb/control.ts'

const runner = realProcessRunner()

interface Place {
  readonly vzfs: Vzfs
  readonly archive: DebRepository
  readonly beside: string
  /** An OS template whose archive is the test's own. */
  readonly os: (version: string, installed: string) => Promise<void>
  readonly build: (packages: readonly string[], more?: Partial<AppBuildNeed>) => Promise<App>
}

async function place(t: TestContext, volumeAt?: string): Promise<Place> {
  const beside = mkdtempSync('/var/tmp/insula-apps-')
  const vzfs = await openVzfs(volumeAt ?? join(beside, 'volume'), {
    files: realFileCalls(),
    quota: realQuota,
    warn: (message) => assert.fail(message),
  })
  const archive = await debRepository(beside)
  t.after(async () => {
    await archive[Symbol.asyncDispose]()
    await vzfs.close()
    rmSync(beside, { recursive: true, force: true })
  })
  const os = async (version: string, installed: string): Promise<void> => {
    const tree = await vzfs.scratch()
    const write = (path: string, contents: string | Buffer): void => {
      mkdirSync(dirname(join(tree, path)), { recursive: true })
      writeFileSync(join(tree, path), contents)
    }
    write('var/lib/dpkg/status', installed)
    write('usr/share/keyrings/test.gpg', archive.key)
    write(
      'etc/apt/sources.list.d/debian.sources',
      `Types: deb\nURIs: ${archive.address}\nSuites: stable\nComponents: main\nSigned-By: /usr/share/keyrings/test.gpg\n`,
    )
    await vzfs.layers.build(`os@${version}`, tree)
  }
  return {
    vzfs,
    archive,
    beside,
    os,
    build: async (packages, more = {}) => {
      const systems = (await vzfs.layers.list())
        .filter(({ name }) => name.startsWith('os@'))
        .map(({ name: ref }) => ({ ref, name: 'os', family: 'debian', architecture: 'amd64', sources: [] }))
      return buildApp(source(packages), { vzfs, runner, systems, ...more })
    },
  }
}

const source = (packages: readonly string[]): AppSource => ({
  name: 'thing',
  digest: 'd',
  description: 'a thing',
  needs: [],
  parameters: {},
  scripts: [],
  health: null,
  wants: ({ family }) => (family === 'debian' ? { packages, archives: [], mainPackage: null } : null),
})

const installed = (name: string, version: string): string =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: all\nVersion: ${version}\nMaintainer: x\nDescription: x\n\n`

async function nothingLeft({ vzfs }: Place, layers: number): Promise<void> {
  await vzfs.idle()
  assert.equal(readdirSync(join(vzfs.path, 'layers')).length, layers)
  for (const part of ['tmp', 'trash']) assert.deepEqual(readdirSync(join(vzfs.path, part)), [], part)
}

async function refused(at: Place, packages: readonly string[], more: Partial<AppBuildNeed> = {}): Promise<TemplateFailed> {
  const error = await at.build(packages, more).catch((reason: unknown) => reason)
  assert.ok(error instanceof TemplateFailed, String(error))
  await nothingLeft(at, 1)
  return error
}

test('what an OS template lacks, for each of its versions, verified and shared', async (t) => {
  const at = await place(t)
  const { archive, vzfs } = at
  await archive.add({
    name: 'thing',
    version: '1:2.0-1',
    depends: 'lib-thing (>= 1), base',
    files: { 'usr/bin/thing': 'x'.repeat(9_000) },
  })
  await archive.add({ name: 'lib-thing', version: '1.5', files: { 'usr/lib/lib': 'y' } })
  await archive.add({ name: 'base', version: '1' })
  await archive.add({ name: 'unasked', version: '1' })
  await archive.publish()
  await at.os('2026-01-01.1', installed('base', '1'))
  await at.os('2026-01-02.1', installed('base', '1') + installed('lib-thing', '1.5'))
  const app = await at.build(['thing'], { now: () => new Date('2026-01-03T00:00:00Z') })
  assert.equal(app.ref, 'thing@2026-01-03.1')
  assert.equal(app.application, '1:2.0-1')
  assert.deepEqual(await listApps(vzfs), [app])
  const [system] = app.systems
  assert.deepEqual(
    [system?.os, system?.builtFor, system?.wanted],
    ['os', ['os@2026-01-01.1', 'os@2026-01-02.1'], [{ name: 'thing', version: '1:2.0-1' }]],
  )
  assert.deepEqual(
    system?.packages.map(({ name, version }) => [name, version]),
    [
      ['lib-thing', '1.5'],
      ['thing', '1:2.0-1'],
    ],
  )
  const index = await vzfs.layers.contents(app.ref, 'os/Packages')
  const stanzas = parseStanzas(readFileSync(index ?? '', 'utf8'))
  for (const { name, file, sha256, size } of system?.packages ?? []) {
    const contents: Buffer = readFileSync((await vzfs.layers.contents(app.ref, `os/${file}`)) ?? '')
    assert.equal(contents.length, size)
    const stanza = stanzas.find((one) => fieldOf(one, 'Package') === name) ?? []
    assert.deepEqual([fieldOf(stanza, 'SHA256'), fieldOf(stanza, 'Filename')], [sha256, `./${file}`])
  }
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  await nothingLeft(at, 3)
})

test('refusals, each in one sentence, and nothing is left', async (t) => {
  const at = await place(t)
  const { archive } = at
  await archive.add({ name: 'thing', version: '1', depends: 'lib-thing', files: { 'usr/share/thing': 'x'.repeat(9_000) } })
  await archive.add({ name: 'lib-thing', version: '1', files: { 'usr/share/lib': 'y'.repeat(9_000) } })
  const needy = await archive.add({ name: 'needy', version: '1', depends: 'not-there' })
  await archive.publish()
  await at.os('2026-01-01.1', installed('base', '1'))

  assert.match((await refused(at, ['nothing'])).message, /no archive has the package nothing/)
  assert.match((await refused(at, ['thing=7*'])).message, /no archive has the package thing/)
  assert.match((await refused(at, ['needy'])).message, /do not fit together \(Depends: not-there/)
  assert.match((await refused(at, ['thing'], { systems: [] })).message, /no OS template of this node/)
  rmSync(needy)

  archive.onRequest = (path) => (path.endsWith('.deb') ? 'drop' : 'give')
  const gone = await refused(at, ['thing'])
  assert.equal(gone.reason, 'mirror_unreachable', gone.message)
  archive.onRequest = null

  const other = await archive.add({ name: 'lib-thing', version: '1', files: { 'usr/share/lib': 'z'.repeat(9_000) } })
  const swapped = await refused(at, ['thing'])
  assert.equal(swapped.reason, 'signature', swapped.message)
  assert.match(swapped.message, /not what the signed lists of its archive say/)
  rmSync(other)

  await using stranger = await debRepository(at.beside)
  await stranger.add({ name: 'thing', version: '2' })
  await stranger.publish()
  const wrongKey = await refused(at, ['thing'], { mirror: stranger.address })
  assert.equal(wrongKey.reason, 'signature', wrongKey.message)
  assert.match(wrongKey.message, /not signed by the keys/)

  const closed = await refused(at, ['thing'], { mirror: 'http://127.0.0.1:1' })
  assert.equal(closed.reason, 'mirror_unreachable', closed.message)
})

test('a build that is cancelled takes everything with it', async (t) => {
  const at = await place(t)
  await at.archive.add({ name: 'thing', version: '1' })
  await at.archive.publish()
  await at.os('2026-01-01.1', installed('base', '1'))
  const controller = new AbortController()
  const reason = new Error('cancelled')
  at.archive.onRequest = (path) => {
    if (path.endsWith('.deb')) controller.abort(reason)
    return 'give'
  }
  await assert.rejects(at.build(['thing'], { signal: controller.signal }), reason)
  await nothingLeft(at, 1)
})

test('a full volume', async (t) => {
  const small = mkdtempSync('/var/tmp/insula-small-')
  await runner.run(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small])
  const at = await place(t, small)
  t.after(async () => {
    await runner.run(['umount', small])
    rmSync(small, { recursive: true })
  })
  const noise = Buffer.alloc(4 << 20)
  for (let index = 0; index < noise.length; index++) noise[index] = (index * 2_654_435_761) >>> 13
  await at.archive.add({ name: 'thing', version: '1', files: { 'usr/share/thing': noise.toString('base64') } })
  await at.archive.publish()
  await at.os('2026-01-01.1', installed('base', '1'))
  assert.equal((await refused(at, ['thing'])).reason, 'no_space')
})

test("packages of Debian, from the node's own mirror", async (t) => {
  const at = await place(t)
  const sources = readFileSync('/etc/apt/sources.list.d/debian.sources', 'utf8')
  assert.match(sources, /URIs/)
  const tree = await at.vzfs.scratch()
  mkdirSync(join(tree, 'var/lib/dpkg'), { recursive: true })
  mkdirSync(join(tree, 'etc/apt/sources.list.d'), { recursive: true })
  mkdirSync(join(tree, dirname(KEYRING)), { recursive: true })
  writeFileSync(join(tree, 'var/lib/dpkg/status'), installed('base', '1'))
  writeFileSync(join(tree, KEYRING), readFileSync(KEYRING))
  const [, address = ''] = /URIs:\s*(\S+)/.exec(sources) ?? []
  writeFileSync(
    join(tree, 'etc/apt/sources.list.d/debian.sources'),
    `Types: deb\nURIs: ${address}\nSuites: bookworm\nComponents: main\nSigned-By: ${KEYRING}\n`,
  )
  await at.vzfs.layers.build('os@2026-01-01.1', tree)
  const app = await at.build(['publicsuffix'])
  assert.deepEqual(
    app.systems[0]?.packages.map(({ name }) => name),
    ['publicsuffix'],
  )
})
