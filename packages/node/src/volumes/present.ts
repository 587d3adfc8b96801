/** Volumes as the API shows them. */

import { FIRST_VOLUME, type Volume } from '@insula/contract'
import type { Means } from '../means.ts'

export async function presentVolumes(means: Means): Promise<Volume[]> {
  const { vzfs, volumes, volumeBook, inventory } = means
  return Promise.all(
    vzfs.volumes().map(async ({ name, path, vzfs: opened, problem }): Promise<Volume> => {
      const [place, space] =
        opened === null
          ? [null, null]
          : await Promise.all([volumes.look(path).catch(() => null), volumes.space(path).catch(() => null)])
      return {
        name,
        path,
        image: volumeBook.list.find(name)?.image ?? null,
        first: name === FIRST_VOLUME,
        present: opened !== null,
        problem,
        fsType: place?.fsType ?? null,
        device: place?.device ?? null,
        reflink: opened?.reflink ?? null,
        projectQuota: place?.projectQuota ?? null,
        userQuota: place?.userQuota ?? null,
        grace: opened?.grace.read() ?? null,
        totalBytes: space?.totalBytes ?? null,
        freeBytes: space?.freeBytes ?? null,
        vps: inventory.all().filter((vps) => vps.volume === name).length,
      }
    }),
  )
}
