/** A rollback of an area that was cut off in the middle and is certain to happen. Whoever mounts or copies it asks for this first. */

import { readAreaInfo } from '../area-file.ts'
import type { Mutex } from '../mutex.ts'
import { parseAreaId } from '../names.ts'
import type { PoolGate } from '../pool-gate.ts'
import type { Trash } from '../trash.ts'
import type { VolumePaths } from '../volume-paths.ts'
import { exists } from './copied-area.ts'
import { finishRollback, move } from './rollback.ts'

export async function settle(paths: VolumePaths, trash: Trash, mutex: Mutex, gate: PoolGate, id: number): Promise<void> {
  const area = paths.area(parseAreaId(id))
  if (!(await exists(area.rollback))) return
  await gate.shared(() =>
    mutex.run(async () => {
      const info = await readAreaInfo(area.info, id).catch(() => null)
      await finishRollback(area, trash, info?.base, move)
    }),
  )
}
