/** Container images of several layers become templates, in each form that they come in; what is wrong with one is told. */

import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { confinedRunner, realFileCalls, realPrivateMounts, realProcessRunner, realQuota } from '@insula/kernel'
import { openVzfs, type Vzfs } from '@insula/vzfs'
import { nodeArchitecture } from '../architecture.ts'
import { TemplateFailed } from '../failure.ts'
import type { Template } from '../template.ts'
import { importTemplate, type ImportNeed } from './import.ts'

const runner = realProcessRunner()
const runConfined = confinedRunner(runner, realPrivateMounts())
const beside = mkdtempSync('/var/tmp/insula-image-test-')
const at = (name: string): string => join(beside, name)
let vzfs: Vzfs
before(async () => {
  vzfs = await openVzfs(at('volume'), {
    files: realFileCalls(),
    quota: realQuota,
    warn: (message) => assert.fail(message),
  })
})
after(async () => {
  await vzfs.close()
  rmSync(beside, { recursive: true, force: true })
})

const run = (...argv: [string, ...string[]]) => runner.run(argv, { env: { HOME: beside } })
const skopeo = (...words: string[]) => run('skopeo', '--insecure-policy', ...words)

/** Each step changes the root file system and becomes a layer. @returns the directory of a layout with the tag "t" */
async function image(
  name: string,
  steps: readonly ((root: string) => void)[],
  architecture = nodeArchitecture(),
): Promise<string> {
  const layout = at(name)
  await run('umoci', 'init', '--layout', layout)
  await run('umoci', 'new', '--image', `${layout}:t`)
  await run('umoci', 'config', '--image', `${layout}:t`, '--architecture', architecture, '--os', 'linux')
  for (const step of steps) {
    const bundle = at(`${name}-bundle`)
    await run('umoci', 'unpack', '--image', `${layout}:t`, bundle)
    step(join(bundle, 'rootfs'))
    await run('umoci', 'repack', '--image', `${layout}:t`, bundle)
    rmSync(bundle, { recursive: true })
  }
  await run('umoci', 'gc', '--layout', layout)
  return layout
}

function system(root: string): void {
  for (const directory of ['etc/old', 'bin', 'sbin', 'srv']) mkdirSync(join(root, directory), { recursive: true })
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  chmodSync(join(root, 'bin/busybox'), 0o4755)
  symlinkSync('../bin/busybox', join(root, 'sbin/init'))
  writeFileSync(join(root, 'etc/os-release'), 'ID=testos\nVERSION_ID=7\nPRETTY_NAME="Test OS 7"\n')
  for (const gone of ['etc/gone', 'etc/old/inner']) writeFileSync(join(root, gone), 'gone')
}

/** Another layer: something goes, a directory is replaced, something comes. */
function change(root: string): void {
  rmSync(join(root, 'etc/gone'))
  rmSync(join(root, 'etc/old'), { recursive: true })
  mkdirSync(join(root, 'etc/old'))
  writeFileSync(join(root, 'etc/old/new'), 'new')
}

const doImport = (archive: string, more: Partial<ImportNeed> = {}) =>
  importTemplate('imported', archive, { vzfs, runner, runConfined, ...more })

async function refusal(archive: string, more: Partial<ImportNeed> = {}): Promise<string> {
  const layers = readdirSync(join(vzfs.path, 'layers'))
  const error = await doImport(archive, more).catch((reason: unknown) => reason)
  assert.ok(error instanceof TemplateFailed, String(error))
  await vzfs.idle()
  for (const part of ['tmp', 'trash']) assert.deepEqual(readdirSync(join(vzfs.path, part)), [], part)
  assert.deepEqual(readdirSync(join(vzfs.path, 'layers')), layers)
  return error.message
}

/** Magic number, RFC 8878. */
const ZSTD = 0xfd2fb528

test('a layout, an archive of one, an archive of docker and layers compressed by zstd make the same system', async () => {
  const layout = await image('good', [system, change])
  await skopeo('copy', `oci:${layout}:t`, `oci-archive:${at('good.tar')}:t`)
  await skopeo('copy', `oci:${layout}:t`, `docker-archive:${at('docker.tar')}:test:t`)
  await skopeo('copy', '--dest-compress-format', 'zstd', `oci:${layout}:t`, `oci:${at('zstd')}:t`)
  const blobs = join(at('zstd'), 'blobs/sha256')
  const compressed = readdirSync(blobs).filter((name) => readFileSync(join(blobs, name)).readUInt32LE(0) === ZSTD)
  assert.equal(compressed.length, 2)
  const made: Template[] = []
  for (const each of [layout, at('good.tar'), at('docker.tar'), at('zstd')]) made.push(await doImport(each))
  assert.deepEqual(
    made.map(({ distribution, release, init, files }) => [distribution, release, init, files]),
    made.map(() => ['testos', '7', 'busybox', made[0]?.files]),
  )
  const tree = join(vzfs.path, 'layers', made[0]?.ref ?? '', 'tree')
  assert.ok(existsSync(tree), 'a layer lies elsewhere')
  const names = readdirSync(tree, { recursive: true }).map(String)
  assert.ok(names.includes('etc/old/new'))
  for (const gone of ['etc/gone', 'etc/old/inner']) assert.ok(!names.includes(gone), gone)
  assert.ok(!names.some((name) => name.includes('.wh.')))
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('what is no image for this node is refused: another processor, bytes that are others, no init, too large', async () => {
  const other = await image('other', [system], nodeArchitecture() === 'amd64' ? 'arm64' : 'amd64')
  assert.match(await refusal(other), /cannot become a template: (?:it is made for|.*no image found.*arch)/i)
  const empty = await image('empty', [(root) => writeFileSync(join(root, 'file'), 'x')])
  assert.match(await refusal(empty), /there is no init in it/)
  const good = await image('large', [system, change])
  assert.match(await refusal(good, { limits: { bytes: 100_000, files: 1_000 } }), /unpacks to more than/)
  // Neither of its layers is too large alone.
  const bytesOf = (path: string) => readFileSync(path).length
  const two = await image('two', [system, (root) => writeFileSync(join(root, 'srv/more'), Buffer.alloc(400_000, 'x'))])
  const both = { bytes: bytesOf('/bin/busybox') + 300_000, files: 1_000 }
  assert.match(await refusal(two, { limits: both }), /unpacks to more than/)
  await doImport(two, { limits: { ...both, bytes: both.bytes + 300_000 } })
  const blobs = join(good, 'blobs/sha256')
  const [largest = ''] = readdirSync(blobs).toSorted(
    (a, b) => readFileSync(join(blobs, b)).length - readFileSync(join(blobs, a)).length,
  )
  const bytes = readFileSync(join(blobs, largest))
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  writeFileSync(join(blobs, largest), bytes)
  assert.match(await refusal(good), /digest/i)
  assert.match(await refusal(at('nothing')), /cannot be read \(ENOENT\)/)
  mkdirSync(at('directory'))
  assert.match(await refusal(at('directory')), /neither a file nor the directory of an OCI image layout/)
})

test('a layer that leads out of the system lands inside of it', async () => {
  const outside = at('outside')
  mkdirSync(outside)
  const layout = await image('leads-out', [
    (root) => {
      system(root)
      symlinkSync(outside, join(root, 'srv/link'))
    },
    (root) => {
      rmSync(join(root, 'srv/link'))
      mkdirSync(join(root, 'srv/link'))
      writeFileSync(join(root, 'srv/link/file'), 'x')
    },
  ])
  await doImport(layout)
  assert.deepEqual(readdirSync(outside), [])
})
