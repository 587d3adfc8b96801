import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LayerInfo, Layers } from '@insula/vzfs'
import { VzfsError } from '@insula/vzfs'
import { TemplateFailed } from './failure.ts'
import { listTemplates, removeTemplate, resolveTemplate, showTemplate } from './templates.ts'

const MANIFEST = {
  name: 'debian-12',
  definition: 'd',
  description: 'x',
  distribution: 'debian',
  release: '12',
  architecture: 'amd64',
  init: 'systemd',
  stopSignal: 'SIGRTMIN+3',
  readyProbe: 'systemd',
  // As earlier versions wrote it.
  packages: { dbus: '1.14' },
}

const info = (name: string): LayerInfo => ({
  name,
  files: 1,
  sharedFiles: 1,
  bytes: 5000,
  newPoolBytes: 0,
  builtAt: '2026-11-23T00:00:00Z',
  digest: '',
})

/** Layers that somebody built earlier. */
function volume(manifests: Readonly<Record<string, unknown>>): { readonly layers: Layers } {
  const kept = new Map(Object.entries(manifests))
  return {
    layers: {
      build: () => Promise.reject(new Error('nothing is built here')),
      list: async () => [...kept.keys()].sort().map(info),
      show: async (name) => (kept.has(name) ? info(name) : null),
      manifest: async (name) => kept.get(name) ?? null,
      contents: async () => null,
      remove: async (name) => {
        if (!kept.delete(name)) throw new VzfsError('layer_unknown', 'none')
      },
    },
  }
}

const failed = (reason: string) => (error: unknown) => error instanceof TemplateFailed && error.reason === reason

test('versions in the order they were built, layers of other kinds left out', async () => {
  const vzfs = volume({
    'debian-12@2026-11-23.10': MANIFEST,
    'debian-12@2026-11-23.9': MANIFEST,
    'app@x': MANIFEST,
    'debian-12@2026-11-22.1': MANIFEST,
    'bare@2026-11-23.1': null,
  })
  assert.deepEqual(
    (await listTemplates(vzfs)).map((template) => template.version),
    ['2026-11-22.1', '2026-11-23.9', '2026-11-23.10'],
  )
  assert.equal((await showTemplate(vzfs, 'debian-12'))?.ref, 'debian-12@2026-11-23.10')
  assert.equal((await resolveTemplate(vzfs, 'debian-12@2026-11-22.1')).version, '2026-11-22.1')
  assert.equal((await resolveTemplate(vzfs, 'debian-12')).packages[0]?.version, '1.14')
})

test('an unknown template says how to build it', async () => {
  const vzfs = volume({ 'debian-12@2026-11-23.1': MANIFEST })
  assert.equal(await showTemplate(vzfs, 'debian'), null)
  const failure = await resolveTemplate(vzfs, 'debian-13@2026-11-23.1').catch((error: unknown) => error)
  assert.ok(failed('unknown_template')(failure) && failure instanceof TemplateFailed)
  assert.match(failure.remedy, /template build debian-13$/)
})

test('only a whole version is removed, and only once', async () => {
  const vzfs = volume({ 'debian-12@2026-11-23.1': MANIFEST, other: null })
  for (const ref of ['debian-12', 'other', '../x'])
    await assert.rejects(removeTemplate(vzfs, ref), failed('unknown_template'), ref)
  await removeTemplate(vzfs, 'debian-12@2026-11-23.1')
  await assert.rejects(removeTemplate(vzfs, 'debian-12@2026-11-23.1'), failed('unknown_template'))
})

test('a damaged manifest is told with its template', async () => {
  for (const manifest of [[], 'x', {}, { ...MANIFEST, init: 'upstart' }, { ...MANIFEST, packages: null }]) {
    await assert.rejects(
      listTemplates(volume({ 'debian-12@2026-11-23.1': manifest })),
      (error) => failed('damaged')(error) && /debian-12@2026-11-23.1/.test(String(error)),
    )
  }
})
