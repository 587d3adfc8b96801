/** Layers of several volumes. The same name is the same layer: others than the first have copies. */

import { LayerInUse, VzfsError } from '../errors.ts'
import type { LayerInfo, Layers, Vzfs } from '../vzfs.ts'
import type { PresentVolume } from './joined.ts'

export function layersOn(main: PresentVolume, present: () => PresentVolume[]): Layers {
  const firstWith = async (name: string): Promise<Vzfs | null> => {
    for (const { vzfs } of present()) if ((await vzfs.layers.show(name)) !== null) return vzfs
    return null
  }
  return {
    async build(name, source, options) {
      for (const { vzfs, name: volume } of present())
        if (vzfs !== main.vzfs && (await vzfs.layers.show(name)) !== null)
          throw new VzfsError('layer_exists', `layer ${name} exists already, on the volume ${volume}`)
      return main.vzfs.layers.build(name, source, options)
    },
    async list() {
      const found = new Map<string, LayerInfo>()
      for (const { vzfs } of present())
        for (const layer of await vzfs.layers.list()) if (!found.has(layer.name)) found.set(layer.name, layer)
      return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
    },
    show: async (name) => (await firstWith(name))?.layers.show(name) ?? null,
    manifest: async (name) => (await firstWith(name))?.layers.manifest(name) ?? null,
    contents: async (name, path) => (await firstWith(name))?.layers.contents(name, path) ?? null,
    async remove(name) {
      const users = (await Promise.all(present().map(({ vzfs }) => usersOn(vzfs, name)))).flat()
      if (users.length > 0) throw new LayerInUse(name, users)
      const copies = present().filter(({ vzfs }) => vzfs !== main.vzfs)
      let removed = 0
      // The first volume last: until then all of it can be had again from there.
      for (const { vzfs } of [...copies, main]) {
        if ((await vzfs.layers.show(name)) === null) continue
        await vzfs.layers.remove(name)
        removed += 1
      }
      if (removed === 0) await main.vzfs.layers.remove(name)
    },
  }
}

async function usersOn({ areas, snapshots }: Vzfs, layer: string) {
  const found = await Promise.all(
    (await areas.list()).map(async ({ id, layers }) => [
      ...(layers.includes(layer) ? [{ area: id, snapshot: null }] : []),
      ...(await snapshots.list(id))
        .filter((snapshot) => snapshot.layers.includes(layer))
        .map(({ name }) => ({ area: id, snapshot: name })),
    ]),
  )
  return found.flat()
}
