import assert from 'node:assert/strict'
import { test } from 'node:test'
import { volumeConformance } from './conformance.ts'
import { fakeVolumes } from './fake.ts'

volumeConformance('the fake', async () => ({
  volumes: fakeVolumes(),
  image: '/images/volume.img',
  path: '/volume',
  [Symbol.asyncDispose]: () => Promise.resolve(),
}))

test('can be full, can lack what VZFS needs, can be brought', async () => {
  const volumes = fakeVolumes(['/own'], { freeBytes: 10, features: { vzfs: false, vzfsProblem: 'no overlay' } })
  await assert.rejects(volumes.ensureLoopVolume('/i', '/v', 2 ** 30), /free some space/)
  assert.equal((await volumes.probe('/own')).vzfsProblem, 'no overlay')
  assert.equal(await volumes.mounted('/own'), false)
  await assert.rejects(volumes.space('/elsewhere'), /ENOENT/)
})
