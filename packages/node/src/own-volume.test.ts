import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requireOwnVolume } from './own-volume.ts'

const inDirectory = async (body: (directory: string) => Promise<void>): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'insula-volume-'))
  try {
    await body(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
const instanceIn = (directory: string) => ({
  name: 'dev',
  database: join(directory, 'state.db'),
  volumeImage: join(directory, 'volume.xfs'),
  volume: join(directory, 'volume'),
})
const nothing = async (): Promise<boolean> => false
const all = async (): Promise<boolean> => true

test('a volume that is a file is served only when it is mounted', () =>
  inDirectory(async (directory) => {
    const instance = instanceIn(directory)
    writeFileSync(instance.volumeImage, '')
    await assert.rejects(
      requireOwnVolume(instance, {}, nothing),
      /volume\.xfs is not mounted at .*attach-volume\.ts --instance dev/,
    )
    await requireOwnVolume(instance, {}, all)
    // It is not used when the administrator has brought another.
    await requireOwnVolume(instance, { volume: directory }, nothing)
  }))

test('a directory of the administrator that has lost its file system is not taken for a new volume', () =>
  inDirectory(async (directory) => {
    const [instance, volume] = [instanceIn(directory), join(directory, 'brought')]
    await requireOwnVolume(instance, { volume }, nothing)
    writeFileSync(instance.database, '')
    await assert.rejects(requireOwnVolume(instance, { volume }, nothing), /brought holds no private areas.*mount the file system/)
    mkdirSync(join(volume, 'areas'), { recursive: true })
    await requireOwnVolume(instance, { volume }, nothing)
  }))
