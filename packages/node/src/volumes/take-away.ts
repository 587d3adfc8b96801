/** What a volume leaves: nothing. Of a directory that the administrator brought, only what VZFS made in it goes. Can be repeated after it was cut off anywhere. */

import { readdir, rm, rmdir } from 'node:fs/promises'
import type { Volumes } from '@insula/kernel'
import { readMark, volumeParts, volumePaths } from '@insula/vzfs'
import type { VolumeEntry, VolumeFileList } from './list-file.ts'

export interface TakeAwayNeed {
  readonly volumes: Volumes
  readonly list: VolumeFileList
}

/** @throws when private areas lie there, or it is not this node's */
export async function takeAway({ volumes, list }: TakeAwayNeed, entry: VolumeEntry, word: string): Promise<void> {
  const { name, path, image } = entry
  if (image !== null) await volumes.attach(image, path).catch(() => undefined)
  const areas = await areasBelow(path)
  if (areas.length > 0) throw new Error(`private areas lie on the volume ${name}: ${areas.join(', ')}`)
  if (image !== null) {
    await volumes.detach(path)
    await volumes.discardImage(image)
    await rmdir(path).catch(() => undefined)
  } else {
    const mark = await readMark(path).catch(() => null)
    if (mark !== null && (mark.node !== word || mark.name !== name))
      throw new Error(`${path} is the volume "${mark.name}" of another node`)
    if (mark !== null) for (const part of volumeParts(path)) await rm(part, { recursive: true, force: true })
  }
  list.drop(name)
}

/** Whether they can be read or not. */
export async function areasBelow(path: string): Promise<string[]> {
  return (await readdir(volumePaths(path).areas).catch(() => [])).toSorted((a, b) => Number(a) - Number(b))
}
