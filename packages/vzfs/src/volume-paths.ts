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
    /** Whose it is. */
    mark: join(volume, 'volume.json'),
    index: join(volume, 'index.db'),
    layer: (name: string) => layerPaths(join(layers, name)),
    area: (id: number) => areaPaths(join(areas, String(id))),
  } as const
}

/** All that VZFS makes in the directory of a volume; whose it is comes last, so that what is being removed is known to be. */
export function volumeParts(volume: string): string[] {
  const { areas, layers, pool, quarantine, tmp, trash, root, index, lock, mark } = volumePaths(volume)
  return [areas, layers, pool, quarantine, tmp, trash, root, index, `${index}-wal`, `${index}-shm`, lock, mark]
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

export type AreaPaths = ReturnType<typeof areaPaths>

/** Also of an area that is still being made elsewhere. */
export function areaPaths(directory: string) {
  const snapshots = join(directory, 'snapshots')
  return {
    directory,
    upper: join(directory, 'upper'),
    work: join(directory, 'work'),
    /** Its own metadata layer. Only where there is something in it. */
    links: join(directory, 'links'),
    /** What those are. */
    linksRecord: join(directory, 'links.zst'),
    newLinks: join(directory, 'links.new'),
    newLinksRecord: join(directory, 'links.new.zst'),
    oldLinks: join(directory, 'links.old'),
    /** What was shared and is about to be upper's own. */
    newOwn: join(directory, 'own.new'),
    relink: join(directory, 'relink.json'),
    info: join(directory, 'area.json'),
    record: join(directory, 'record.json'),
    quota: join(directory, 'quota.json'),
    snapshots,
    snapshot: (name: string) => snapshotPaths(join(snapshots, name)),
    /** Only while one is being done. */
    rollback: join(directory, 'rollback'),
  } as const
}

export function snapshotPaths(directory: string) {
  return {
    directory,
    upper: join(directory, 'upper'),
    links: join(directory, 'links'),
    linksRecord: join(directory, 'links.zst'),
    info: join(directory, 'snapshot.json'),
    record: join(directory, 'record.json'),
    quota: join(directory, 'quota.json'),
  } as const
}
