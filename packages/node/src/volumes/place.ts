/** Whether a directory can be a volume, or hold the file of one: seen without changing anything. */

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isVolumeName, type VolumeAdd, VOLUME_NAME_RULE } from '@insula/contract'
import type { VolumePlace } from '@insula/kernel'
import { readMark, volumePaths } from '@insula/vzfs'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import { mountPointsOf, type VolumeEntry } from './list-file.ts'

/** So little is full: a layer is copied there with the first VPS. */
const LEAST_FREE = 64 * 1024 ** 2
const FILE_SYSTEMS = ['xfs', 'ext4']

/** The entry that the request asks for. @throws ApiFailure */
export async function placeFor(means: Means, { name, directory, size }: VolumeAdd): Promise<VolumeEntry> {
  const doing = `cannot add the volume "${name}"`
  if (!isVolumeName(name)) throw failure('invalid_request', `${doing}: a name is ${VOLUME_NAME_RULE}`)
  const other = means.vzfs.volumes().find((one) => one.name === name)
  if (other !== undefined || means.volumeBook.list.find(name) !== null)
    throw failure('conflict', `${doing}: there is one of that name${other ? ` (${other.path})` : ''}`, 'choose another name')
  const place = await lookAt(means, doing, directory)
  requireApart(means, doing, place.path, size === undefined)
  if (size !== undefined) {
    const image = join(place.path, `insula-${means.instance.name}-${name}.xfs`)
    if (existsSync(image))
      throw failure('conflict', `${doing}: ${image} is there already`, 'move it away, or choose another name or directory')
    return { name, path: join(mountPointsOf(means.instance), name), image, state: 'ready' }
  }
  await requireSuitable(means, doing, place)
  await requireOwn(means, doing, name, place.path)
  return { name, path: place.path, image: null, state: 'ready' }
}

async function lookAt({ volumes }: Means, doing: string, directory: string): Promise<VolumePlace> {
  try {
    return await volumes.look(directory)
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code === 'ENOTDIR') throw failure('invalid_request', `${doing}: ${directory} is not a directory`, undefined, error)
    if (!(error instanceof Error) || !/\bENOENT\b/.test(error.message)) throw error
    throw failure(
      'not_found',
      `${doing}: there is no directory ${directory}`,
      `make it, or mount the file system that belongs there`,
      error,
    )
  }
}

/** @param whole the directory itself becomes the volume */
function requireApart({ vzfs }: Means, doing: string, directory: string, whole: boolean): void {
  const inside = (inner: string, outer: string): boolean => `${inner}/`.startsWith(outer === '/' ? '/' : `${outer}/`)
  for (const { name, path } of vzfs.volumes()) {
    if (directory === path) throw failure('conflict', `${doing}: ${directory} is the volume "${name}" already`)
    const apart = 'give a directory that is apart from other volumes'
    if (inside(directory, path)) throw failure('conflict', `${doing}: ${directory} lies in the volume "${name}" (${path})`, apart)
    if (whole && inside(path, directory))
      throw failure('conflict', `${doing}: the volume "${name}" (${path}) lies in ${directory}`, apart)
  }
}

async function requireSuitable({ volumes }: Means, doing: string, { path, fsType, readOnly }: VolumePlace): Promise<void> {
  if (!FILE_SYSTEMS.includes(fsType))
    throw failure(
      'unsupported',
      `${doing}: ${path} lies on ${fsType}, and a volume has to lie on XFS (or ext4)`,
      'give a directory on XFS, or a size: --size makes a file that holds an XFS',
    )
  if (readOnly) throw failure('unsupported', `${doing}: ${path} is mounted read-only`, 'mount it so that it can be written to')
  const full = (cause?: unknown) =>
    failure('no_space', `${doing}: ${path} is full`, 'free some space there, or give it more', cause)
  if ((await volumes.space(path)).freeBytes < LEAST_FREE) throw full()
  const { vzfs, vzfsProblem } = await volumes.probe(path).catch((error: unknown) => {
    throw /\b(?:ENOSPC|EDQUOT)\b/.test(String(error)) ? full(error) : error
  })
  if (!vzfs) throw failure('unsupported', `${doing}: VZFS does not work on ${path}: ${vzfsProblem ?? 'unknown'}`, 'use XFS')
}

/** One that this node had under that name is taken as it is. */
async function requireOwn({ volumeBook }: Means, doing: string, name: string, path: string): Promise<void> {
  const mark = await readMark(path)
  if (mark === null) {
    const { areas, layers } = volumePaths(path)
    if (existsSync(areas) || existsSync(layers))
      throw failure(
        'conflict',
        `${doing}: ${path} is a volume of another installation, or of an earlier one`,
        `give an empty directory on that file system: mkdir ${join(dirname(path), 'other')}`,
      )
    return
  }
  const mine = mark.node === (await volumeBook.word())
  if (mine && mark.name === name) return
  throw failure(
    'conflict',
    `${doing}: ${path} is the volume "${mark.name}" of ${mine ? 'this node' : 'another node or instance'}`,
    mine ? `add it under that name: insula vzfs volume add ${mark.name} ${path}` : 'give an empty directory on that file system',
  )
}
