/** Where everything lies on a volume. */

import { join } from 'node:path'

export type VolumePaths = ReturnType<typeof volumePaths>

export function volumePaths(volume: string) {
  const layers = join(volume, 'layers')
  const areas = join(volume, 'areas')
  return {
    volume,
    pool: join(volume, 'pool'),
    quarantine: join(volume, 'pool-quarantine'),
    layers,
    areas,
    tmp: join(volume, 'tmp'),
    trash: join(volume, 'trash'),
    root: join(volume, 'root'),
    lock: join(volume, 'lock'),
    index: join(volume, 'index.db'),
    layer: (name: string) => layerPaths(join(layers, name)),
    area: (id: number) => areaPaths(join(areas, String(id))),
  } as const
}

/** Also of a layer that is still being built elsewhere. */
export function layerPaths(directory: string) {
  return {
    directory,
    tree: join(directory, 'tree'),
    info: join(directory, 'layer.json'),
    manifest: join(directory, 'manifest.json'),
    record: join(directory, 'entries.zst'),
    hot: join(directory, 'hot.json'),
  } as const
}

export function areaPaths(directory: string) {
  return {
    directory,
    upper: join(directory, 'upper'),
    work: join(directory, 'work'),
    links: join(directory, 'links'),
    newLinks: join(directory, 'links.new'),
    oldLinks: join(directory, 'links.old'),
    relink: join(directory, 'relink.json'),
    info: join(directory, 'area.json'),
    record: join(directory, 'record.json'),
  } as const
}
