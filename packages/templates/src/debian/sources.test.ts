import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findMirrors } from './mirrors.ts'
import { parseSources } from './sources.ts'

const list = (text: string) => parseSources({ name: '/etc/apt/sources.list', text })
const deb822 = (text: string) => parseSources({ name: '/etc/apt/sources.list.d/debian.sources', text })

test('lines: options, comments, sources of source packages', () => {
  const sources = list(`
# deb http://old.example/debian bookworm main
deb http://mirror.example/debian/ bookworm main contrib # ours
deb-src http://mirror.example/debian bookworm main
  deb [ arch=amd64 signed-by=/usr/share/keyrings/x.gpg ] https://other.example/x stable main
deb cdrom:[Debian GNU/Linux 12]/ bookworm main
`)
  assert.deepEqual(sources.slice(0, 2), [
    { uri: 'http://mirror.example/debian/', suite: 'bookworm', components: ['main', 'contrib'], signedBy: null },
    { uri: 'https://other.example/x', suite: 'stable', components: ['main'], signedBy: '/usr/share/keyrings/x.gpg' },
  ])
})

test('stanzas: several addresses and suites, comments, disabled ones, long fields', () => {
  const sources = deb822(`# a comment
Types: deb deb-src
# inside
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm
  bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Enabled: no

Types: deb-src
URIs: http://mirror.example/debian
Suites: sid
Components: main
`)
  assert.deepEqual(
    sources.map((source) => `${source.uri} ${source.suite}`),
    [
      'http://mirror.example/debian bookworm',
      'http://mirror.example/debian bookworm-updates',
      'http://second.example/debian bookworm',
      'http://second.example/debian bookworm-updates',
    ],
  )
  assert.ok(sources.every((source) => source.signedBy === '/usr/share/keyrings/debian-archive-keyring.gpg'))
})

test('a key that is written into the stanza does not end it', () => {
  const [source] = deb822(`Types: deb
URIs: http://vendor.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBGPL0BUBEADmW5NdOOHwPIJlgPu6JDcKw/NZJPR8lsD3K87ZM18gzyQZJD+w
 -----END PGP PUBLIC KEY BLOCK-----
`)
  assert.equal(source?.uri, 'http://vendor.example/debian')
  assert.match(source?.signedBy ?? '', /BEGIN PGP/)
})

test('the archive of Debian among others', () => {
  const mirrors = findMirrors([
    ...list('deb https://vendor.example/linux/debian bookworm stable'),
    ...list('deb https://apps.example/php/ bookworm main'),
    ...list('deb [signed-by=/usr/share/keyrings/vendor.gpg] http://vendor.example/debian bookworm main'),
    ...list('deb http://pkg.example/repos bookworm-pgdg main'),
    ...list('deb http://mirror.example/debian// bookworm main'),
    ...list('deb http://mirror.example/debian bookworm-updates main'),
    ...list('deb http://security.example/debian-security bookworm-security main'),
  ])
  assert.deepEqual(mirrors, {
    main: 'http://mirror.example/debian',
    security: 'http://security.example/debian-security',
    updates: true,
  })
})

test('a snapshot, and a mirror at an unusual place that is signed by Debian', () => {
  assert.equal(
    findMirrors(list('deb http://mirror.example/archive/debian/20260101T000000Z trixie main')).main,
    'http://mirror.example/archive/debian/20260101T000000Z',
  )
  const signed = 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/d12 stable main'
  assert.equal(findMirrors(list(signed)).main, 'http://mirror.example/d12')
})

test('a node without any', () => {
  assert.deepEqual(findMirrors([]), { main: null, security: null, updates: false })
  assert.deepEqual(findMirrors(list('deb file:/srv/debian bookworm main\ndeb http://mirror.example/debian noble main')), {
    main: null,
    security: null,
    updates: false,
  })
})
