import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProcessFailed } from '@insula/kernel'
import type { DebianRepository } from './recipe.ts'
import { explain, mmdebstrapArgv, stepOf } from './mmdebstrap.ts'

const archives = [
  { uri: 'http://mirror.example/debian', suites: ['trixie', 'trixie-updates'] },
  { uri: 'http://mirror.example/debian-security', suites: ['trixie-security'] },
]
const recipe = { suite: 'trixie', packages: ['dbus', 'less'], files: {}, links: {} } as const

test('every suite is asked for by name, with the keys it has to be signed by', () => {
  const argv = mmdebstrapArgv(recipe, archives, [{ name: 'Acquire::Retries', value: '3' }], '/v/tmp/tree')
  const key = 'signed-by=/usr/share/keyrings/debian-archive-keyring.gpg'
  assert.deepEqual(argv.slice(-5), [
    'trixie',
    '/v/tmp/tree',
    `deb [${key}] http://mirror.example/debian trixie main`,
    `deb [${key}] http://mirror.example/debian trixie-updates main`,
    `deb [${key}] http://mirror.example/debian-security trixie-security main`,
  ])
  assert.ok(argv.includes('--include=dbus,less'))
  assert.ok(argv.includes('--aptopt=Acquire::Retries "3"'))
  assert.equal(argv[0], 'unshare')
})

test('its lines are steps that only go up', () => {
  const lines = [
    'I: automatically chosen format: directory',
    'I: running apt-get update...',
    'I: downloading packages with apt...',
    'I: extracting archives...',
    'I: installing essential packages...',
    'I: installing remaining packages inside the chroot...',
    'I: cleaning package lists and apt cache...',
    'I: done',
  ]
  const steps = lines.map(stepOf).filter((step) => step !== null)
  assert.equal(steps.length, 6)
  assert.deepEqual(
    steps.map((step) => step.done),
    steps.map((step) => step.done).toSorted((a, b) => a - b),
  )
})

const reasonFor = (stderr: string, reason?: string) => {
  const failure = explain(new ProcessFailed(['unshare'], 25, null, stderr, reason), 'debian-13', archives)
  return { reason: failure.reason, message: failure.message, remedy: failure.remedy }
}

test('why it failed, in one sentence', () => {
  assert.deepEqual(reasonFor('dpkg: error: write failed: No space left on device\nE: apt-get failed').reason, 'no_space')
  assert.equal(reasonFor('unshare: failed to execute mmdebstrap: No such file or directory').reason, 'tool_missing')
  assert.equal(reasonFor('', 'was not found').reason, 'tool_missing')

  const signature = reasonFor(
    "W: GPG error: http://mirror.example/debian trixie InRelease: NO_PUBKEY 6ED0E7B82643E131\nE: The repository 'http://mirror.example/debian trixie InRelease' is not signed.\nE: apt-get update failed",
  )
  assert.equal(signature.reason, 'signature')
  assert.match(signature.message, /debian-13 .*The repository .* is not signed/)
  assert.match(signature.remedy, /debian-archive-keyring/)

  const unreachable = reasonFor(
    "E: Failed to fetch http://mirror.example/debian/x.deb  Could not resolve 'mirror.example'\nE: apt-get failed",
  )
  assert.equal(unreachable.reason, 'mirror_unreachable')
  assert.match(unreachable.message, /http:\/\/mirror.example\/debian .*Could not resolve/)
  assert.match(unreachable.remedy, /--mirror/)

  const vendor = { name: 'vendor', address: 'https://vendor.example/apt' } as DebianRepository
  const cut = new ProcessFailed(
    ['unshare'],
    25,
    null,
    "E: Failed to fetch https://vendor.example/apt/InRelease  Could not resolve 'vendor.example'\nE: apt-get failed",
  )
  const { reason, message, remedy } = explain(cut, 'debian-web', archives, [vendor])
  assert.equal(reason, 'mirror_unreachable')
  assert.match(message, /the repository vendor at https:\/\/vendor\.example\/apt could not be read/)
  assert.doesNotMatch(message, /mirror\.example/)
  assert.match(remedy, /install\.repositories/)

  const other = reasonFor('E: Unable to locate package lesss\nE: apt-get install failed: E: chroot')
  assert.equal(other.reason, 'failed')
  assert.match(other.message, /Unable to locate package lesss/)
})
