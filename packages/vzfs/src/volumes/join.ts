/** Makes one of several; see joined.ts. */

import { dirname } from 'node:path'
import { VzfsError } from '../errors.ts'
import type { Vzfs } from '../vzfs.ts'
import { areasOn } from './areas-on.ts'
import { careOf } from './care-of.ts'
import type { JoinedVzfs, PlaceOptions, PresentVolume, VolumeState } from './joined.ts'
import { layersOn } from './layers-on.ts'

export interface JoinNeed {
  readonly first: { readonly name: string; readonly vzfs: Vzfs }
  /** The volume on which an area is at home, as its owner says; null: its owner does not know it. */
  readonly home: (area: number) => string | null
}

export function joinVolumes({ first, home }: JoinNeed): JoinedVzfs {
  const others = new Map<string, VolumeState>()
  const main: PresentVolume = { name: first.name, path: first.vzfs.path, vzfs: first.vzfs, problem: null }
  const volumes = (): VolumeState[] => [main, ...[...others.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))]
  const present = (): PresentVolume[] => volumes().filter((one): one is PresentVolume => one.vzfs !== null)
  const placed = (name: string): PresentVolume => {
    const found = volumes().find((one) => one.name === name)
    if (found === undefined) throw new VzfsError('volume_unknown', `there is no volume ${name} on this node`)
    const { vzfs, path, problem } = found
    if (vzfs === null) throw new VzfsError('volume_missing', `the volume ${name} (${path}) is not there: ${problem ?? 'unknown'}`)
    return { ...found, vzfs }
  }
  const of = async (area: number): Promise<PresentVolume> => {
    const known = home(area)
    if (known !== null) return placed(known)
    for (const one of present()) if (await holds(one, area)) return one
    return main
  }

  /** @throws nothing when no volume has a layer: who uses it says so */
  const bring = async (to: PresentVolume, layers: readonly string[], { copying, signal }: PlaceOptions): Promise<void> => {
    for (const layer of new Set(layers)) {
      if ((await to.vzfs.layers.show(layer)) !== null) continue
      for (const { name, vzfs } of present()) {
        if (name === to.name || (await vzfs.layers.show(layer)) === null) continue
        await to.vzfs.receive.layer(layer, vzfs.source, {
          progress: (done, total) => copying?.(layer, done, total),
          ...(signal ? { signal } : {}),
        })
        break
      }
    }
  }
  const requireNew = async (id: number, but: string): Promise<void> => {
    for (const one of present())
      if (one.name !== but && (await holds(one, id)))
        throw new VzfsError('area_exists', `area ${id} exists already, on the volume ${one.name}`)
  }
  const layersOf = async ({ vzfs }: PresentVolume, id: number): Promise<string[]> => [
    ...((await vzfs.areas.show(id))?.layers ?? []),
    ...(await vzfs.snapshots.list(id)).flatMap(({ layers }) => layers),
  ]

  return {
    path: main.path,
    volumes,
    of,
    on: (name) => placed(name).vzfs,
    put(state) {
      if (state.name === main.name) throw new TypeError(`${main.name} is the first volume`)
      others.set(state.name, state)
    },
    drop: (name) => void others.delete(name),

    layers: layersOn(main, present),
    ...areasOn({ main, present, home, of, bring }),

    async create(volume, { id, base, layers, record }, options = {}) {
      const to = placed(volume)
      await requireNew(id, volume)
      await bring(to, layers, options)
      options.signal?.throwIfAborted()
      return to.vzfs.areas.create(id, base, layers, record)
    },

    async clone(volume, source, wish, options = {}) {
      const [to, from] = [placed(volume), await of(source.id)]
      await requireNew(wish.id, volume)
      if (from.name === volume) return to.vzfs.clone(source, wish, options)
      await bring(to, await layersOf(from, source.id), options)
      return to.vzfs.receive.clone(from.vzfs.source, source, wish, options)
    },

    async copyTo(volume, id, record, options = {}) {
      const [to, from] = [placed(volume), await of(id)]
      if (from.name === volume) throw new VzfsError('area_exists', `area ${id} lies on the volume ${volume}`)
      await bring(to, await layersOf(from, id), options)
      return to.vzfs.receive.area(from.vzfs.source, id, record, options)
    },

    async layerFromArea(id, name, options) {
      for (const one of present())
        if ((await one.vzfs.layers.show(name)) !== null)
          throw new VzfsError('layer_exists', `layer ${name} exists already, on the volume ${one.name}`)
      return (await of(id)).vzfs.layerFromArea(id, name, options)
    },

    async dropStale() {
      const dropped: { volume: string; id: number }[] = []
      for (const { name, vzfs } of present()) {
        for (const { id } of await vzfs.areas.list()) {
          const elsewhere = present().find((one) => one.name === home(id) && one.name !== name)
          if (elsewhere === undefined || (await elsewhere.vzfs.areas.show(id).catch(() => null)) === null) continue
          await vzfs.areas.remove(id)
          dropped.push({ volume: name, id })
        }
      }
      return dropped
    },

    scratch: () => main.vzfs.scratch(),
    async discard(scratch) {
      const there = present().find(({ path }) => dirname(dirname(scratch)) === path) ?? main
      await there.vzfs.discard(scratch)
    },
    leavingBases: () => new Set(present().flatMap(({ vzfs }) => [...vzfs.leavingBases()])),
    ...careOf(present),
    learn: (volume, layers) => placed(volume).vzfs.learn(layers),
    readAhead: (volume, layers, bytes) => placed(volume).vzfs.readAhead(layers, bytes),
    idle: async () => void (await Promise.all(present().map(({ vzfs }) => vzfs.idle()))),
    close: async () => void (await Promise.all(present().map(({ vzfs }) => vzfs.close()))),
  }
}

/** Also one that cannot be read. */
export const holds = ({ vzfs }: PresentVolume, area: number): Promise<boolean> =>
  vzfs.areas.show(area).then(
    (found) => found !== null,
    () => true,
  )
