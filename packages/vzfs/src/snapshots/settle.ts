/** What was cut off in the middle and is certain to happen, of one area. Whoever mounts or copies it asks for this first. */

import { readAreaInfo } from '../area-file.ts'
import type { Mutex } from '../mutex.ts'
import { parseAreaId } from '../names.ts'
import type { Trash } from '../trash.ts'
import type { VolumePaths } from '../volume-paths.ts'
import { finishRollback, move } from './rollback.ts'

export async function settle(paths: VolumePaths, trash: Trash, mutex: Mutex, id: number): Promise<void> {
  const area = paths.area(parseAreaId(id))
  await mutex.run(async () => {
    const info = await readAreaInfo(area.info, id).catch(() => null)
    await finishRollback(area, trash, info?.base, move)
  })
}
