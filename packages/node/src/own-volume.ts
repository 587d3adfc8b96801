/**
 * Refuses a directory that is not the volume it was. An unmounted volume leaves its mount point, on which a daemon would make an empty volume
 * and find no template and no private area.
 */

import { existsSync } from 'node:fs'
import { volumePaths } from '@insula/vzfs'
import type { Config } from './config.ts'
import type { Instance } from './instance.ts'

/** @throws with the remedy in the message. @param mounted whether something is mounted at the path */
export async function requireOwnVolume(
  { name, volumeImage, volume, database }: Pick<Instance, 'name' | 'volumeImage' | 'volume' | 'database'>,
  config: Pick<Config, 'volume'>,
  mounted: (path: string) => Promise<boolean>,
): Promise<void> {
  if (config.volume === undefined && existsSync(volumeImage) && !(await mounted(volume))) {
    throw new Error(
      `the volume ${volumeImage} is not mounted at ${volume}; run ./up --instance ${name}, or for a daemon of your own ` +
        `setup/attach-volume.ts --instance ${name}`,
    )
  }
  const path = config.volume ?? volume
  // The database is made after the volume, so who has one has had a volume.
  if (existsSync(database) && !existsSync(volumePaths(path).areas)) {
    throw new Error(
      `${path} holds no private areas, but ${database} is of a node that had some there; mount the file system that belongs there ` +
        `(if it is lost for good, ./down --purge --instance ${name} gives the instance up)`,
    )
  }
}
