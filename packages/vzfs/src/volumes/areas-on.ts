/** Areas of several volumes, each asked where it lies. */

import { VzfsError } from '../errors.ts'
import type { Snapshots } from '../snapshots/snapshot.ts'
import type { AreaInfo, Areas } from '../vzfs.ts'
import type { PlaceOptions, PresentVolume } from './joined.ts'

export interface AreasOnNeed {
  readonly main: PresentVolume
  readonly present: () => PresentVolume[]
  readonly home: (area: number) => string | null
  readonly of: (area: number) => Promise<PresentVolume>
  readonly bring: (to: PresentVolume, layers: readonly string[], options: PlaceOptions) => Promise<void>
}

export function areasOn({ main, present, home, of, bring }: AreasOnNeed): { areas: Areas; snapshots: Snapshots } {
  const areas = async (id: number): Promise<Areas> => (await of(id)).vzfs.areas
  const snapshots = async (id: number): Promise<Snapshots> => (await of(id)).vzfs.snapshots
  return {
    areas: {
      create: (...asked) => main.vzfs.areas.create(...asked),
      async remove(id) {
        if (home(id) !== null) return (await areas(id)).remove(id)
        for (const { vzfs } of present()) await vzfs.areas.remove(id)
      },
      async list() {
        const found = new Map<number, AreaInfo>()
        for (const { name, vzfs } of present())
          for (const area of await vzfs.areas.list())
            if ((home(area.id) ?? name) === name && !found.has(area.id)) found.set(area.id, area)
        return [...found.values()].toSorted((a, b) => a.id - b.id)
      },
      show: async (id) => (await areas(id)).show(id),
      async problem(id) {
        try {
          return await (await areas(id)).problem(id)
        } catch (error) {
          if (!(error instanceof VzfsError) || !error.code.startsWith('volume_')) throw error
          return { message: error.message, mendable: false }
        }
      },
      mend: async (area) => (await areas(area.id)).mend(area),
      plan: async (id) => (await areas(id)).plan(id),
      relink: async (id, options) => (await areas(id)).relink(id, options),
      survey: async (id, options) => (await areas(id)).survey(id, options),
      async rebase(id, layers, options) {
        const place = await of(id)
        await bring(place, layers, options.signal ? { signal: options.signal } : {})
        return place.vzfs.areas.rebase(id, layers, options)
      },
      writeRecord: async (id, record) => (await areas(id)).writeRecord(id, record),
      readRecord: async (id) => (await areas(id)).readRecord(id),
      usage: async (id) => (await areas(id)).usage(id),
      limit: async (id, limits) => (await areas(id)).limit(id, limits),
      counted: async (id) => (await areas(id)).counted(id),
      recount: async (id) => (await areas(id)).recount(id),
      withRoom: async (id, body) => (await areas(id)).withRoom(id, body),
      idQuota: async (id) => (await areas(id)).idQuota(id),
      idQuotaPlace: async (id) => (await areas(id)).idQuotaPlace(id),
      limits: async (id) => (await areas(id)).limits(id),
    },
    snapshots: {
      create: async (id, ...asked) => (await snapshots(id)).create(id, ...asked),
      list: async (id) => (await snapshots(id)).list(id),
      show: async (id, name) => (await snapshots(id)).show(id, name),
      record: async (id, name) => (await snapshots(id)).record(id, name),
      remove: async (id, name) => (await snapshots(id)).remove(id, name),
      rollback: async (id, ...asked) => (await snapshots(id)).rollback(id, ...asked),
    },
  }
}
