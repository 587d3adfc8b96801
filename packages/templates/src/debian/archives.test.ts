import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ProcessFailed, type ProcessRunner } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'
import { chooseArchives, mustAnswerAll } from './archives.ts'

/** A network on which only these suites answer: "http://mirror.example/debian bookworm". */
function network(t: TestContext, answering: readonly string[], sources = '') {
  const aptDirectory = mkdtempSync(join(tmpdir(), 'insula-apt-'))
  t.after(() => rmSync(aptDirectory, { recursive: true, force: true }))
  mkdirSync(join(aptDirectory, 'sources.list.d'))
  writeFileSync(join(aptDirectory, 'sources.list.d/debian.list'), sources)
  writeFileSync(join(aptDirectory, 'sources.list.d/debian.list.save'), 'deb http://old.example/debian bookworm main')
  const runner: ProcessRunner = {
    async run(argv) {
      const url = argv.at(-2) ?? ''
      const [, base, suite] = /^(.*)\/dists\/(.*)\/InRelease$/.exec(url) ?? []
      if (answering.includes(`${base} ${suite}`)) return { code: 0, stdout: '', stderr: '' }
      throw new ProcessFailed(
        argv,
        100,
        null,
        `E: Failed to fetch ${url}  404  Not Found [IP: 192.0.2.1 80]\nE: Download Failed\n`,
      )
    },
  }
  return { runner, aptDirectory, work: aptDirectory }
}

const NODE = `deb http://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm-updates main
deb http://security.example/debian-security bookworm-security main
`

test('what the node uses, for another release too', async (t) => {
  const need = network(
    t,
    ['http://mirror.example/debian trixie', 'http://security.example/debian-security trixie-security'],
    NODE,
  )
  const archives = await chooseArchives('trixie', undefined, need)
  assert.deepEqual(archives, [
    { uri: 'http://mirror.example/debian', suites: ['trixie', 'trixie-updates'] },
    { uri: 'http://security.example/debian-security', suites: ['trixie-security'] },
  ])
  await mustAnswerAll(archives, need)
})

test('a node without security updates gets none', async (t) => {
  const need = network(t, ['http://mirror.example/debian bookworm'], 'deb http://mirror.example/debian bookworm main')
  assert.deepEqual(await chooseArchives('bookworm', undefined, need), [
    { uri: 'http://mirror.example/debian', suites: ['bookworm'] },
  ])
})

test('a given mirror, with what it has', async (t) => {
  const own = ['http://own.example/debian bookworm', 'http://own.example/debian bookworm-updates']
  const security = 'http://security.example/debian-security bookworm-security'
  assert.deepEqual(await chooseArchives('bookworm', 'http://own.example/debian/', network(t, [...own, security], NODE)), [
    { uri: 'http://own.example/debian', suites: ['bookworm', 'bookworm-updates'] },
    { uri: 'http://security.example/debian-security', suites: ['bookworm-security'] },
  ])
  const neighbour = 'http://own.example/debian-security bookworm-security'
  assert.equal(
    (await chooseArchives('bookworm', 'http://own.example/debian', network(t, [...own, security, neighbour], NODE)))[1]?.uri,
    'http://own.example/debian-security',
  )
  assert.deepEqual(
    await chooseArchives('bookworm', 'http://own.example/debian', network(t, ['http://own.example/debian bookworm'], '')),
    [{ uri: 'http://own.example/debian', suites: ['bookworm'] }],
  )
})

test('a mirror that does not answer is named, with the reason and what to do', async (t) => {
  const chosenAndAsked = async (need: ReturnType<typeof network>): Promise<void> =>
    mustAnswerAll(await chooseArchives('bookworm', undefined, need), need)
  const failure = await chosenAndAsked(network(t, [], NODE)).catch((error: unknown) => error)
  assert.ok(failure instanceof TemplateFailed)
  assert.equal(failure.reason, 'mirror_unreachable')
  assert.equal(failure.message, 'the mirror http://mirror.example/debian does not give bookworm: 404  Not Found')
  assert.match(failure.remedy, /--mirror URL/)
  await assert.rejects(chosenAndAsked(network(t, ['http://mirror.example/debian bookworm'], NODE)), /security.example/)
  await assert.rejects(
    chooseArchives('bookworm', undefined, network(t, [], '')),
    (error) => error instanceof TemplateFailed && /no archive of Debian/.test(error.message),
  )
})

test('what is no mirror is refused before anything is asked', async (t) => {
  for (const mirror of [
    '',
    'mirror.example',
    'ftp://mirror.example/debian',
    'http://x/debian bookworm main\ndeb http://y',
    'file:///srv',
    'http://x/"; x',
  ]) {
    await assert.rejects(
      chooseArchives('bookworm', mirror, network(t, [], NODE)),
      (error) => error instanceof TemplateFailed && error.reason === 'bad_mirror',
      mirror,
    )
  }
})
