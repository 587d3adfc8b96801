import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { definitionDigest, shippedDefinitions } from '@insula/templates'
import { DefinitionInvalid } from './fault.ts'
import { lint } from './lint.ts'
import { osSource } from './os-source.ts'
import { type Definitions, openDefinitions } from './shelf.ts'

interface Place {
  readonly own: string
  readonly definitions: Definitions
  write(path: string, text: string): string
  /** "LINE: KEY: message" of each fault. */
  faults(name: string): Promise<string[]>
}

function place(t: TestContext): Place {
  const own = mkdtempSync(join(tmpdir(), 'insula-definitions-'))
  t.after(() => rmSync(own, { recursive: true, force: true }))
  const definitions = openDefinitions({ shipped: shippedDefinitions, own })
  return {
    own,
    definitions,
    write(path, text) {
      mkdirSync(dirname(join(own, path)), { recursive: true })
      writeFileSync(join(own, path), text)
      return join(own, path)
    },
    async faults(name) {
      const error = await definitions.find(name).then(
        () => assert.fail(`${name} is valid`),
        (reason: unknown) => reason,
      )
      if (!(error instanceof DefinitionInvalid)) throw error
      for (const { remedy, file } of error.faults) assert.ok(remedy !== '' && file.startsWith('/'))
      return error.faults.map(({ line, key, message }) => `${line}: ${key}: ${message}`)
    },
  }
}

const TINY = `kind: os
description: tiny
family: busybox
distribution: busybox
release: "1"
init: {kind: busybox, stopSignal: SIGUSR2}
install: {with: busybox}
`

test('every shipped definition is valid, and has a digest of its own', async (t) => {
  const { definitions } = place(t)
  const listed = await definitions.list()
  assert.deepEqual(
    listed.filter(({ fault }) => fault !== null),
    [],
  )
  const names = listed.map(({ name }) => name)
  for (const name of ['debian-12', 'debian-13', 'micro', 'debian-12-minimal', 'debian-13-standard', 'rocky-9', 'fedora-42'])
    assert.ok(names.includes(name), name)
  // To be built they need keys, which no node has by itself.
  const elsewhere = new Set(['rocky-9', 'alma-9', 'fedora-42', 'openeuler-24.03'])
  for (const name of elsewhere) {
    const faults = (await lint(definitions, { name }))?.faults ?? assert.fail(name)
    for (const { message, key } of faults) assert.match(`${key}: ${message}`, /keys\[0\]: there is no .*gpg-key.* on this node$/i)
  }
  const systems = listed.filter(({ kind, name }) => kind === 'os' && !elsewhere.has(name))
  const digests = await Promise.all(
    systems.map(async ({ name }) => definitionDigest(osSource(await definitions.find(name), name))),
  )
  assert.equal(new Set(digests).size, systems.length)
})

test('a digest changes with everything that a definition says, and with the files that it names', async (t) => {
  const { definitions, write } = place(t)
  const digest = async (): Promise<string> => definitionDigest(osSource(await definitions.find('mine'), 'mine'))
  write('mine/template.yaml', `${TINY}files: {/etc/motd: {from: files/motd}}\n`)
  write('mine/files/motd', 'one')
  const first = await digest()
  assert.equal(await digest(), first)
  write('mine/files/motd', 'two')
  const second = await digest()
  write('mine/template.yaml', `${TINY.replace('SIGUSR2', 'SIGPWR')}files: {/etc/motd: {from: files/motd}}\n`)
  assert.equal(new Set([first, second, await digest()]).size, 3)
})

test("the provider's own goes before the shipped one, and may extend it", async (t) => {
  const { definitions, write } = place(t)
  write(
    'debian-12/template.yaml',
    'extends: debian-12\nkind: os\ndescription: ours\ninstall: {packages: [vim]}\nlinks: {/var/lib/dbus/machine-id: null}\n',
  )
  write('other/template.yaml', 'extends: debian-12\nkind: os\nfiles: {/etc/motd: {contents: "hi"}}\n')
  const listed = (await definitions.list()).find(({ name }) => name === 'debian-12')
  assert.deepEqual([listed?.origin, listed?.overrides, listed?.description], ['provider', true, 'ours'])
  const { definition } = osSource(await definitions.find('debian-12'), 'debian-12')
  assert.equal(definition.install.with === 'mmdebstrap' && definition.install.packages.join(), 'vim')
  assert.equal(definition.install.with === 'mmdebstrap' && definition.install.suite, 'bookworm')
  assert.equal(Object.hasOwn(definition.links, '/var/lib/dbus/machine-id'), false)
  assert.ok(Object.hasOwn(definition.files, '/etc/fstab'))
  const other = osSource(await definitions.find('other'), 'other')
  assert.equal(other.definition.description, 'ours')
  assert.equal(await definitions.find('none'), null)
  assert.equal(await definitions.find('../debian-12'), null)
})

test('what is wrong is told by line and key', async (t) => {
  const { faults, write } = place(t)
  const told = async (text: string): Promise<string[]> => {
    write('wrong/template.yaml', text)
    return faults('wrong')
  }
  assert.deepEqual(await told(`${TINY}colour: red\n`), ['8: colour: there is no such key here'])
  const remove = (value: string) => told(`${TINY}remove: ${value}\n`)
  assert.deepEqual(await remove('/etc/motd'), ['8: remove: it has to be a list, and is "/etc/motd"'])
  assert.deepEqual(await remove('[7]'), ['8: remove[0]: it has to be text, and is 7'])
  assert.deepEqual(await remove('[{a: 1}]'), ['8: remove[0]: it has to be text, and is keys with values'])
  assert.match(
    (await remove(`["/${'x'.repeat(2_000)}"]`)).join(),
    /^8: remove\[0\]: it has to be at most 1024 characters long, and is "\/x{59}\.\.\."$/,
  )
  assert.deepEqual(await told(TINY.replace('"1"', '1')), ['5: release: it has to be text, and is 1'])
  assert.deepEqual(await told(TINY.replace(', stopSignal: SIGUSR2', '')), ['6: init.stopSignal: it is missing'])
  assert.deepEqual(await told(TINY.replace('SIGUSR2', 'TERM')), [
    '6: init.stopSignal: it has to be a signal by name: "SIGRTMIN+3", "SIGPWR", and is "TERM"',
  ])
  assert.match(
    (await told(`${TINY}files: {/etc/../x: {contents: a}}\n`))[0] ?? '',
    /^8: files\["\/etc\/\.\.\/x"\]: .*without "\." or "\.\." in it/,
  )
  assert.deepEqual(await told(`${TINY}files:\n  /etc/motd: {from: files/no}\n`), [
    '9: files["/etc/motd"].from: there is no file files/no beside template.yaml',
  ])
  assert.match(
    (await told(`${TINY}scripts:\n  - {phase: pre-remove, where: host, run: a}\n`))[0] ?? '',
    /^9: scripts\[0\]\.phase: an OS template has the phases/,
  )
  assert.match(
    (await told(`${TINY}scripts:\n  - {phase: pre-cache, where: vps, run: a}\n`))[0] ?? '',
    /^9: scripts\[0\]\.where: pre-cache runs on the host/,
  )
  assert.match((await told('extends: nothing\nkind: os\n'))[0] ?? '', /^1: extends: there is no definition "nothing"/)
  assert.match((await told('extends: wrong\nkind: os\n'))[0] ?? '', /^1: extends: there is no definition "wrong"/)
  assert.match((await told('a: b: c\n'))[0] ?? '', /^1: : it is not YAML/)
  assert.deepEqual(await told('- a\n'), ['null: : it is no map of keys and values'])
  assert.match((await told('kind: disk\n'))[0] ?? '', /^1: kind: /)
  write('base/template.yaml', TINY.replace('kind: busybox', 'kind: upstart'))
  write('wrong/template.yaml', 'extends: base\nkind: os\n')
  // Where it is said: in what it extends.
  assert.match((await faults('wrong'))[0] ?? '', /^6: init\.kind: /)
})

test('an application template: its defaults are checked by their types, keys have to be there', async (t) => {
  const { faults, write, definitions } = place(t)
  const app = (more: string): string =>
    `kind: app\ndescription: a web server\nfits: [debian]\npackages: {debian: [nginx]}\nparameters:\n  port: {type: port, about: where it listens, default: 80}\n  password: {type: secret, about: of admin, generate: 20}\nscripts:\n  - {phase: post-install, where: vps, run: scripts/set-up.sh, seconds: 30}\nhealth: {command: [curl, -f, "http://localhost"], attempts: 5}\n${more}`
  write('web/scripts/set-up.sh', '#!/bin/sh\n')
  write('web/template.yaml', app(''))
  const { definition } = (await definitions.find('web')) ?? assert.fail()
  assert.ok(definition.kind === 'app')
  assert.deepEqual([definition.needs, definition.scripts[0]?.seconds, definition.health?.everySeconds], [[], 30, 1])
  write('web/template.yaml', app('').replace('default: 80', 'default: 80000'))
  assert.match((await faults('web'))[0] ?? '', /^6: parameters\.port\.default: a port is a whole number/)
  write('web/template.yaml', app('').replace('generate: 20', 'default: x'))
  assert.match((await faults('web'))[0] ?? '', /^7: parameters\.password\.default: a secret has no default/)
  write('web/template.yaml', app('line: "2"\nlines: {"1": {packages: {debian: [nginx-light]}}}\n'))
  assert.match((await faults('web'))[0] ?? '', /^11: line: there is no line "2" in lines: 1$/)
  const repository = (keys: string): string =>
    app(
      `repositories:\n  debian:\n    apt:\n      - {name: vendor, address: "https://vendor.example/apt", suites: [stable], keys: [${keys}]}\n`,
    )
  write('web/template.yaml', repository(''))
  assert.match((await faults('web'))[0] ?? '', /keys: at least one file of keys/)
  write('web/template.yaml', repository('/nonexistent/key.gpg'))
  assert.match(
    (await faults('web'))[0] ?? '',
    /^14: repositories\.debian\.apt\[0\]\.keys\[0\]: there is no \/nonexistent\/key\.gpg on this node$/,
  )
  await assert.rejects(
    async () =>
      osSource(await definitions.find('micro'), 'x') && osSource({ ...(await definitions.find('micro'))!, definition }, 'web'),
    /is an application template/,
  )
})

test('the Debian in docs/templates.md is a definition', async (t) => {
  const { definitions, write } = place(t)
  const text = readFileSync(new URL('../../../../docs/templates.md', import.meta.url), 'utf8')
  write('greeting/template.yaml', /```yaml\n(extends: debian-13[^`]+)```/.exec(text)?.[1] ?? assert.fail('it has no example'))
  write('greeting/files/motd', 'hello\n')
  write('greeting/keys/vendor.asc', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n')
  write('greeting/scripts/set-up.sh', '#!/bin/sh\n')
  const { definition, contents } = osSource(await definitions.find('greeting'), 'greeting')
  assert.deepEqual(Object.keys(contents).toSorted(), ['files/motd', 'keys/vendor.asc', 'scripts/set-up.sh'])
  assert.equal(definition.init.ready, 'systemd')
})

test('hostile files are refused before they do anything', async (t) => {
  const { faults, own, write } = place(t)
  const file = write('evil/template.yaml', '')
  const told = async (text: string): Promise<string> => {
    writeFileSync(file, text)
    return (await faults('evil'))[0] ?? ''
  }
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((name, at) => `${name}: &${name} [${`*${'abcdefgh'[at]},`.repeat(9)}]`),
  ].join('\n')
  assert.match(await told(bomb), /it has an alias/)
  assert.match(await told(`a: ${'['.repeat(60_000)}`), /nested more than/)
  assert.match(await told(`${'- '.repeat(30_000)}a`), /nested more than/)
  assert.match(await told(`${TINY}__proto__: {polluted: yes}\n`), /__proto__/)
  assert.match(await told(`${TINY}remove: !!js/function "x"\n`), /tag|remove/)
  assert.match(await told(`${TINY}kind: app\n`), /it is not YAML: .*unique/i)
  assert.match(await told(`kind: os\n${'#'.repeat(200_000)}`), /at most 131072 are read/)
  writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00]))
  assert.match((await faults('evil'))[0] ?? '', /UTF-8/)
  truncateSync(file, 2 ** 40)
  assert.match((await faults('evil'))[0] ?? '', /at most/)
  rmSync(file)
  execFileSync('mkfifo', [file])
  assert.match((await faults('evil'))[0] ?? '', /no plain file/)
  rmSync(file)
  symlinkSync('/etc/passwd', file)
  assert.match((await faults('evil'))[0] ?? '', /symbolic link/)
  rmSync(file)
  const linked = `${TINY}files: {/etc/motd: {from: files/passwd}}\n`
  writeFileSync(file, linked)
  symlinkSync('/etc', join(own, 'evil/files'))
  assert.match((await faults('evil'))[0] ?? '', /leads out of the definition, to \/etc\/passwd/)
  rmSync(join(own, 'evil/files'))
  write('evil/files/passwd', 'x')
  chmodSync(join(own, 'evil/files/passwd'), 0o666)
  assert.match((await faults('evil'))[0] ?? '', /everybody may write to it/)
  for (const from of ['../x', '/etc/passwd', 'a/../../x', '.hidden'])
    assert.match(await told(`${TINY}files: {/etc/motd: {from: "${from}"}}\n`), /a file beside template\.yaml/)
  // One that is broken does not hide the others.
  cpSync(join(shippedDefinitions, 'micro'), join(own, 'fine'), { recursive: true })
  const listed = await openDefinitions({ shipped: '/nonexistent', own }).list()
  assert.deepEqual(
    listed.map(({ name, fault }) => [name, fault === null]),
    [
      ['evil', false],
      ['fine', true],
    ],
  )
})
