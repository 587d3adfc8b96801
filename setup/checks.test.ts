/** The checks that stand before everything else, in bash as ./up runs them. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { realProcessRunner } from '@insula/kernel'

const HOME = join(import.meta.dirname, '..')

/** Runs one function of setup/NAME.bash. */
async function bash(words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const load = '. setup/say.bash; . setup/checks.bash; . setup/packages.bash; "$@"'
  return realProcessRunner().run(['bash', '--norc', '-eu', '-o', 'pipefail', '-c', load, 'up', ...words], {
    cwd: HOME,
    accept: [0, 1],
  })
}

function file(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'insula-checks-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'file'), text)
  return join(directory, 'file')
}

const release = (id: string, version: string): string =>
  `PRETTY_NAME="${id} the ${version}th"\nID=${id}\n${version === '' ? '' : `VERSION_ID="${version}"\n`}`

test('a size that no volume can have is refused before anything else', async () => {
  for (const [size, said] of [
    ['1G', 'at least 2G'],
    ['501T', 'at most 500T'],
    ['999999T', 'at most 500T'],
  ] as const) {
    const { code, stderr } = await realProcessRunner().run(['bash', 'up', '--check', '--size', size], { cwd: HOME, accept: [2] })
    assert.deepEqual([code, stderr.includes(`--size ${size}: ${said}`)], [2, true], stderr)
  }
})

test('Debian 12 and 13 are taken', async (t) => {
  for (const version of ['12', '13']) {
    assert.deepEqual(await bash(['check_distribution', file(t, release('debian', version))]), { code: 0, stdout: '', stderr: '' })
  }
})

test('every other system is refused by its name, in one sentence with a remedy', async (t) => {
  for (const [id, version] of [
    ['debian', '11'],
    ['debian', ''],
    ['ubuntu', '24.04'],
    ['fedora', '12'],
  ] as const) {
    const { code, stderr } = await bash(['check_distribution', file(t, release(id, version))])
    assert.equal(code, 1)
    assert.equal(stderr, `up: ${id} the ${version}th is not supported\nRemedy: use a machine with Debian 12 or 13\n`)
  }
  assert.match((await bash(['check_distribution', '/nowhere/os-release'])).stderr, /there is no \/nowhere\/os-release/)
})

test('kernels from 6.6 on are taken', async () => {
  for (const kernel of ['6.6.0', '6.12.43+deb13-amd64', '6.18.0-rc1', '6.10', '7.0.1', '10.1']) {
    assert.equal((await bash(['check_release', kernel, 'x86_64'])).code, 0, kernel)
  }
})

test('older kernels and other processors are refused', async () => {
  for (const kernel of ['6.1.0-37-amd64', '6.5.13', '5.15.0', '4.19']) {
    const { code, stderr } = await bash(['check_release', kernel, 'x86_64'])
    assert.equal(code, 1, kernel)
    assert.match(stderr, new RegExp(`kernel ${kernel} is older than 6\\.6.*\nRemedy: .*backports`))
  }
  assert.match((await bash(['check_release', '6.12.0', 'aarch64'])).stderr, /aarch64 is not supported\nRemedy/)
})

test('space is looked for where the directory will be', async (t) => {
  const missing = join(file(t, ''), '..', 'not/there/yet')
  assert.equal((await bash(['check_space', missing, '0', 'nothing'])).code, 0)
  const { code, stderr } = await bash(['check_space', missing, '999999999', 'a test', 'ask for less'])
  assert.equal(code, 1)
  assert.match(stderr, /MB free, and a test needs 999999999 MB\nRemedy: free some space there, or ask for less\n/)
})

test('lists of packages may have comments and empty lines', async (t) => {
  const list = file(t, '# what\n\ncrun   # runtime\n  \nlxcfs\n')
  assert.equal((await bash(['listed_packages', list])).stdout, 'crun\nlxcfs\n')
})

test('only what is not installed is missing', async (t) => {
  const list = file(t, 'no-such-package-of-debian\ndpkg\n')
  assert.equal((await bash(['missing_packages', list])).stdout, 'no-such-package-of-debian\n')
})
