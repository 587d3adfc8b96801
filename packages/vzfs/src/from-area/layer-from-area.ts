/** What an area that is not mounted has over its layers becomes a layer. */

import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readAreaInfo } from '../area-file.ts'
import { planOf } from '../areas.ts'
import { VzfsError } from '../errors.ts'
import type { OpenLayers } from '../layers.ts'
import { parseAreaId, parseLayerName } from '../names.ts'
import { noRoom } from '../no-room.ts'
import type { Rooms } from '../quota/room.ts'
import type { Relinking } from '../relink/relinking.ts'
import { runInThread } from '../thread.ts'
import type { Trash } from '../trash.ts'
import type { VolumePaths } from '../volume-paths.ts'
import type { AreaLayerOptions, LayerInfo } from '../vzfs.ts'
import type { FromAreaJob } from './read-area.ts'

export interface FromAreaNeed {
  readonly paths: VolumePaths
  readonly trash: Trash
  readonly relinking: Pick<Relinking, 'settled'>
  readonly rooms: Rooms
  readonly layers: OpenLayers
}

export function layerFromArea(
  { paths, trash, relinking, layers, rooms }: FromAreaNeed,
  id: number,
  name: string,
  { without = [], ...options }: AreaLayerOptions = {},
): Promise<LayerInfo> {
  parseLayerName(name)
  return relinking.settled(parseAreaId(id), async () => {
    await layers.requireNew(name)
    const area = await readAreaInfo(paths.area(id).info, id)
    if (area === null) throw new VzfsError('area_unknown', `there is no area ${id} on ${paths.volume}`)
    const scratch = join(paths.tmp, `from-area.${id}.${randomBytes(8).toString('hex')}`)
    const tree = join(scratch, 'tree')
    const job = { plan: await planOf(paths, paths.area(id), area.layers), base: area.base, scratch, without }
    // Not to be stopped within: what the thread has open would keep its mounts.
    const work = async (part: Pick<FromAreaJob, 'phase' | 'tree'>): Promise<void> => {
      options.signal?.throwIfAborted()
      // It mounts the area.
      await rooms.within(area.base, () =>
        runInThread<void>(new URL('./from-area-thread.ts', import.meta.url), { ...job, ...part } satisfies FromAreaJob, () => {}),
      )
      options.signal?.throwIfAborted()
    }
    try {
      await mkdir(scratch, { mode: 0o700 })
      await mkdir(tree, { mode: 0o700 })
      await work({ phase: 'take', tree })
      return await layers.build(name, tree, {
        ...options,
        inspect: (built) => work({ phase: 'confirm', tree: built }),
      })
    } catch (error) {
      throw noRoom(error, { doing: `cannot make layer ${name} of area ${id}`, volume: paths.volume, account: null })
    } finally {
      await trash.discard(scratch)
    }
  })
}
