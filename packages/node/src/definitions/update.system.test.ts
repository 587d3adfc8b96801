/** Versions of templates on a real volume: kept only when something changed, and whole or not at all. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { confinedRunner, realFileCalls, realPrivateMounts, realProcessRunner, realQuota } from '@insula/kernel'
import { shippedDefinitions } from '@insula/templates'
import { openVzfs } from '@insula/vzfs'
import { templateShelf } from '../templates-on-vzfs.ts'
import { openDefinitions } from './shelf.ts'

const runner = realProcessRunner()
const quiet = { mirror: undefined, signal: new AbortController().signal, onProgress: () => undefined }

function place(t: TestContext) {
  const beside = mkdtempSync('/var/tmp/insula-update-')
  t.after(() => rmSync(beside, { recursive: true, force: true }))
  return { volume: join(beside, 'volume'), own: join(beside, 'own') }
}

async function shelfOf(volume: string, own: string) {
  const warn = (message: string): void => assert.fail(message)
  const vzfs = await openVzfs(volume, { files: realFileCalls(), quota: realQuota, warn })
  const definitions = openDefinitions({ shipped: shippedDefinitions, own })
  return {
    vzfs,
    shelf: templateShelf({
      vzfs,
      runner,
      runConfined: confinedRunner(runner, realPrivateMounts()),
      treeCache: undefined,
      definitions,
    }),
  }
}

/** What an own definition says of `micro`. */
function override(own: string, text: string): void {
  mkdirSync(join(own, 'micro'), { recursive: true })
  writeFileSync(join(own, 'micro/template.yaml'), `extends: micro\nkind: os\n${text}`)
}

test('a version is kept only when its definition or a package is another one', async (t) => {
  const { volume, own } = place(t)
  const { vzfs, shelf } = await shelfOf(volume, own)
  t.after(() => vzfs.close())
  const first = await shelf.update('micro', quiet)
  assert.ok(first)
  assert.equal(await shelf.update('micro', quiet), null)
  assert.deepEqual(
    (await shelf.list()).map(({ ref }) => ref),
    [first.ref],
  )
  override(own, 'files: {/etc/motd: {contents: "new"}}\n')
  const second = await shelf.update('micro', quiet)
  assert.ok(second !== null && second.ref !== first.ref && second.definition !== first.definition)
  assert.equal(await shelf.update('micro', quiet), null)
  // A package of another version, as an update of the mirror would bring.
  const manifest = join(volume, 'layers', second.ref, 'manifest.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"version": ?"[^"]+"/, '"version":"0.1"'))
  assert.ok(await shelf.update('micro', quiet))
  assert.equal((await shelf.list()).length, 3)
  const bom = (await shelf.sbom(first.ref)) as { components: { name: string }[] }
  assert.deepEqual(
    bom.components.map(({ name }) => name),
    ['busybox-static'],
  )
  await vzfs.idle()
  assert.deepEqual(readdirSync(join(volume, 'tmp')), [])
})

test('an update that fails, or is killed with everything at any moment, leaves the versions as they were', async (t) => {
  const { volume, own } = place(t)
  const before = await shelfOf(volume, own)
  const first = await before.shelf.build('micro', quiet)
  mkdirSync(join(own, 'micro/scripts'), { recursive: true })
  writeFileSync(join(own, 'micro/scripts/no.sh'), '#!/bin/sh\nexit 3\n')
  override(own, 'scripts: [{phase: post-install, where: vps, run: scripts/no.sh}]\n')
  await assert.rejects(before.shelf.update('micro', quiet), /ended with 3/)
  assert.deepEqual(
    (await before.shelf.list()).map(({ ref }) => ref),
    [first.ref],
  )
  await before.vzfs.close()
  override(own, 'files: {/etc/motd: {contents: "new"}}\n')
  for (const after of [300, 600, 900, 1_200]) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/update.ts'), volume, own], { stdio: 'ignore' })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    setTimeout(() => child.kill('SIGKILL'), after)
    await ended
    const { vzfs, shelf } = await shelfOf(volume, own)
    // The version that was there is, whole; another one only if it is whole too.
    const refs = (await shelf.list()).map(({ ref }) => ref)
    assert.equal(refs[0], first.ref)
    assert.deepEqual(await vzfs.check({ contents: true }), [])
    await vzfs.idle()
    assert.deepEqual(readdirSync(join(volume, 'tmp')), [])
    for (const ref of refs.slice(1)) await shelf.remove(ref)
    await vzfs.close()
  }
})
