/** Adds a volume to a node that runs: whole or not at all. */

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { VolumeAdd } from '@insula/contract'
import { VolumeRefused } from '@insula/kernel'
import { readMark, volumeParts, writeMark } from '@insula/vzfs'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import { type VolumeEntry } from './list-file.ts'
import { placeFor } from './place.ts'
import { takeAway } from './take-away.ts'

export function addVolume(means: Means, request: VolumeAdd): Promise<void> {
  const { volumeBook, events, lostAreas } = means
  return volumeBook.alone(async () => {
    const entry = await placeFor(means, request)
    await (entry.image === null ? addDirectory(means, entry) : addImage(means, entry, request.size ?? 0))
    // One that the node had before may hold private areas.
    await lostAreas.look()
    events.emit({ kind: 'volume.added', vps: null, data: { name: entry.name } })
  })
}

async function addDirectory(means: Means, entry: VolumeEntry): Promise<void> {
  const { path } = entry
  const fresh = (await readMark(path)) === null
  const before = new Set(volumeParts(path).filter((part) => existsSync(part)))
  try {
    await settle(means, entry)
  } catch (error) {
    if (fresh) for (const part of volumeParts(path)) if (!before.has(part)) await rm(part, { recursive: true, force: true })
    throw error
  }
}

async function addImage(means: Means, entry: VolumeEntry, size: number): Promise<void> {
  const { volumes, volumeBook } = means
  volumeBook.list.put({ ...entry, state: 'adding' })
  try {
    await volumes.ensureLoopVolume(entry.image ?? '', entry.path, size).catch((error: unknown) => {
      if (!(error instanceof VolumeRefused)) throw error
      const code = error.reason === 'no_space' ? 'no_space' : 'invalid_request'
      throw failure(code, `cannot add the volume "${entry.name}": ${error.message}`, undefined, error)
    })
    await settle(means, entry)
  } catch (error) {
    await takeAway({ volumes, list: volumeBook.list }, entry, await volumeBook.word()).catch((left: unknown) =>
      means.log(`what was made of the volume ${entry.name} is not gone`, left),
    )
    throw error
  }
}

/** From the mark on it is known whose it is, from the list on it is a volume. */
async function settle({ volumeBook, vzfs, log }: Means, entry: VolumeEntry): Promise<void> {
  const { name, path } = entry
  const node = await volumeBook.word()
  if ((await readMark(path)) === null) await writeMark(path, { node, name })
  const state = await volumeBook.open(entry)
  if (state.vzfs === null)
    throw failure('conflict', `cannot add the volume "${name}" (${path}): ${state.problem ?? 'it cannot be opened'}`)
  try {
    volumeBook.list.put(entry)
  } catch (error) {
    await state.vzfs.close()
    throw error
  }
  vzfs.put(state)
  log(`the volume ${name} (${path}) is added`)
}
