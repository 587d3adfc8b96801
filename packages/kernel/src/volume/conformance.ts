/** What every Volumes does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { VolumeRefused, type Volumes } from './volume.ts'

export interface VolumeSubject {
  readonly volumes: Volumes
  readonly image: string
  readonly path: string
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const SIZE = 512 * 1024 * 1024

export function volumeConformance(name: string, open: () => Promise<VolumeSubject>): void {
  describe(`${name} is a Volumes`, () => {
    let subject: VolumeSubject
    let volumes: Volumes
    let path = ''
    let image = ''
    before(async () => {
      subject = await open()
      ;({ volumes, path, image } = subject)
    })
    after(() => subject[Symbol.asyncDispose]())

    test('one that is too small is refused with what to do, and nothing is left', async () => {
      await assert.rejects(
        volumes.ensureLoopVolume(image, path, 1_000_000),
        (error: unknown) =>
          error instanceof VolumeRefused &&
          error.reason === 'too_small' &&
          /^cannot make the volume .* choose a larger --size$/.test(error.message),
      )
      assert.equal(await volumes.mounted(path), false)
    })

    test('is made, mounted and detached, twice each; its space is that of the image', async () => {
      for (let twice = 0; twice < 2; twice++) await volumes.ensureLoopVolume(image, path, SIZE)
      assert.equal(await volumes.mounted(path), true)
      const { totalBytes, freeBytes, totalInodes, freeInodes } = await volumes.space(path)
      assert.ok(totalBytes <= SIZE && totalBytes > SIZE / 2, `${totalBytes}`)
      assert.ok(freeBytes <= totalBytes && freeBytes > 0)
      assert.ok(freeInodes <= totalInodes && freeInodes > 1_000)
      for (let twice = 0; twice < 2; twice++) await volumes.detach(path)
      assert.equal(await volumes.mounted(path), false)
    })

    test('an image that is there is used as it is, whatever size is said', async () => {
      await volumes.ensureLoopVolume(image, path, SIZE * 100)
      assert.ok((await volumes.space(path)).totalBytes <= SIZE)
    })

    test('is looked at without a trace, attached when it is there, and gone for good when it is discarded', async () => {
      const { mountPoint, fsType, readOnly } = await volumes.look(path)
      assert.deepEqual({ mountPoint, fsType, readOnly }, { mountPoint: path, fsType: 'xfs', readOnly: false })
      await assert.rejects(volumes.look(`${path}/none`), /ENOENT/)
      await volumes.detach(path)
      for (let twice = 0; twice < 2; twice++) await volumes.attach(image, path)
      assert.equal(await volumes.mounted(path), true)
      await assert.rejects(volumes.attach(`${image}.other`, `${path}.other`), /there is no such file/)
    })

    test('tells what it can do', async () => {
      const features = await volumes.probe(path)
      assert.deepEqual(
        { path: features.path, fsType: features.fsType, reflink: features.reflink },
        { path, fsType: 'xfs', reflink: true },
      )
      assert.match(features.device, /^\/dev\//)
      assert.deepEqual([features.vzfs, features.vzfsProblem], [true, null])
      await volumes.detach(path)
      for (let twice = 0; twice < 2; twice++) await volumes.discardImage(image)
      await assert.rejects(volumes.attach(image, path), /there is no such file/)
    })
  })
}
