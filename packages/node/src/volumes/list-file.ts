/**
 * The volumes that were added to the first one, in a file beside the database: they are found again when the database is lost. What is being added or removed
 * is in it from before the first step until after the last, so that whoever finds it knows what to finish.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Instance } from '../instance.ts'

const VolumeEntry = z.strictObject({
  name: z.string(),
  /** Its directory; of an image, where it is mounted. */
  path: z.string(),
  image: z.string().nullable(),
  state: z.enum(['adding', 'ready', 'removing']),
})
export type VolumeEntry = z.infer<typeof VolumeEntry>

const VolumeFile = z.strictObject({ volumes: z.array(VolumeEntry) })

export interface VolumeFileList {
  all(): readonly VolumeEntry[]
  find(name: string): VolumeEntry | null
  /** On the disk when it returns. */
  put(entry: VolumeEntry): void
  drop(name: string): void
}

export const volumeFileOf = ({ state }: Pick<Instance, 'state'>): string => join(state, 'volumes.json')
/** Where images are mounted. */
export const mountPointsOf = ({ state }: Pick<Instance, 'state'>): string => join(state, 'volumes')

/** @throws when it is there and cannot be read: to go on without it would be to forget volumes */
export function readVolumes(instance: Pick<Instance, 'state'>): readonly VolumeEntry[] {
  const file = volumeFileOf(instance)
  if (!existsSync(file)) return []
  try {
    return VolumeFile.parse(JSON.parse(readFileSync(file, 'utf8'))).volumes
  } catch (error) {
    throw new Error(
      `${file} is damaged: put it right, or move it away and add the volumes again (insula vzfs volume add), which keeps what lies on them`,
      { cause: error },
    )
  }
}

export function openVolumeFile(instance: Pick<Instance, 'state'>): VolumeFileList {
  const file = volumeFileOf(instance)
  let entries = readVolumes(instance)
  const write = (changed: readonly VolumeEntry[]): void => {
    writeFileSync(`${file}.new`, `${JSON.stringify({ volumes: changed }, null, 2)}\n`, { mode: 0o600, flush: true })
    renameSync(`${file}.new`, file)
    entries = changed
  }
  return {
    all: () => entries,
    find: (name) => entries.find((one) => one.name === name) ?? null,
    put: (entry) => write([...entries.filter(({ name }) => name !== entry.name), entry]),
    drop: (name) => write(entries.filter((one) => one.name !== name)),
  }
}
