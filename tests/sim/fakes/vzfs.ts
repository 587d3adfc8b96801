/** VZFS in memory: the names and promises of the real one, with as few files as a VPS needs to be started. */

import { type FakeQuota, fakeQuota } from '@insula/kernel/fakes'
import {
  type AreaInfo,
  type CopySource,
  type Damage,
  LayerInUse,
  type LayerInfo,
  openIdQuota,
  type OverlayPlan,
  RebaseRefused,
  type RelinkReport,
  type Vzfs,
  VzfsError,
} from '@insula/vzfs'
import { fakeSnapshots, type KeptSnapshot } from './snapshots.ts'
import { type HeldSettings, heldSettings, volumeGrace } from '@insula/vzfs/fakes'

/** As the real one has it. */
export const projectOf = ({ base }: AreaInfo): number => base / 65_536

export interface FakeVzfs extends Vzfs {
  /** What lies in an area's record.json, for tests to read and to damage. */
  readonly records: Map<number, string>
  /** Bases of areas that are not quite gone, for tests to say. */
  readonly leaving: Set<number>
  /** What users and groups inside may have, by id of the VPS, once somebody asked. */
  readonly idSettings: ReadonlyMap<number, HeldSettings>
  /** Areas whose private directories lost their account, for tests to say. */
  readonly uncounted: Set<number>
  /** A relink lasts until it is aborted. */
  slowRelinks: boolean
  /** Those that were asked for: with whom the area was to share. */
  readonly relinks: { readonly id: number; readonly share: string }[]
  /** Areas that cannot move to other layers, for tests to say. */
  readonly obstacles: Set<number>
  /** Areas whose area.json cannot be read. */
  readonly damaged: Set<number>
  readonly quota: FakeQuota
  /** What a check finds, for tests to say; a repair takes it away. */
  readonly rotten: Damage[]
  /** What lies in areas, for tests to change. */
  readonly words: Map<number, string>
  /** By area and name. */
  readonly kept: ReadonlyMap<number, ReadonlyMap<string, KeptSnapshot>>
}

export interface FakeVzfsOptions {
  readonly reflink?: boolean
  readonly full?: () => boolean
  /** Other volumes of the node, by path. */
  readonly others?: ReadonlyMap<string, FakeVzfs>
  /** Told of each layer that is copied here, before it is. */
  readonly copies?: (layer: string) => Promise<void>
}

const relinked: RelinkReport = {
  files: 2,
  bytes: 16_384,
  newPoolBytes: 8192,
  linkedBytes: 4096,
  ownFiles: 0,
  ownBytes: 0,
  looked: 3,
  hashedFiles: 3,
  hashedBytes: 20_000,
  unlike: [],
  milliseconds: 1,
}

/** Where its directories lie. */
export interface Disk {
  makeDirectory(path: string, mode?: number): void
  writeFile(path: string, contents: string): void
}

/** @param quota of its volume */
export function fakeVzfs(path: string, disk: Disk, quota: FakeQuota = fakeQuota(), options: FakeVzfsOptions = {}): FakeVzfs {
  const layers = new Map<string, { readonly info: LayerInfo; readonly manifest: unknown }>()
  const areas = new Map<number, AreaInfo>()
  const records = new Map<number, string>()
  const idSettings = new Map<number, HeldSettings>()
  const leaving = new Set<number>()
  const uncounted = new Set<number>()
  const damaged = new Set<number>()
  const rotten: Damage[] = []
  const obstacles = new Set<number>()
  for (const part of ['pool', 'root']) disk.makeDirectory(`${path}/${part}`)
  const treeOf = (name: string): string => `${path}/layers/${name}/tree`
  const known = (id: number): AreaInfo => {
    const area = areas.get(id)
    if (damaged.has(id)) throw new VzfsError('damaged', `${path}/areas/${id}/area.json is damaged`)
    if (!area) throw new VzfsError('area_unknown', `there is no area ${id} on ${path}`)
    return area
  }
  const words = new Map<number, string>()
  const setLayers = (id: number, names: readonly string[]): void => void areas.set(id, { ...known(id), layers: names })
  const { all: kept, snapshots, copy, find } = fakeSnapshots({ known, setLayers, words, full: options.full ?? (() => false) })
  const planOf = (id: number, names: readonly string[]): OverlayPlan => {
    const at = (part: string): string => `${path}/areas/${id}/${part}`
    return {
      own: null,
      layers: names.map(treeOf),
      pool: `${path}/pool`,
      upper: at('upper'),
      work: at('work'),
      root: `${path}/root`,
      options: [],
    }
  }
  const sound = () => ({
    damages: [...rotten],
    orphans: { files: 0, bytes: 0 },
    looked: { layers: layers.size, areas: areas.size, contents: 0, bytes: 0 },
  })
  const from = ({ path: other }: CopySource): FakeVzfs => {
    const found = options.others?.get(other)
    if (found === undefined) throw new Error(`there is no other volume ${other}`)
    return found
  }
  const keepLayer = (info: LayerInfo, manifest: unknown): LayerInfo => {
    const { name } = info
    disk.makeDirectory(`${treeOf(name)}/root`, 0o700)
    disk.writeFile(`${treeOf(name)}/etc/passwd`, 'root:x:0:0:root:/root:/bin/sh\n')
    layers.set(name, { info, manifest })
    return info
  }
  const under = new Map<string, Promise<LayerInfo>>()
  const receiveLayer = async (name: string, source: CopySource): Promise<LayerInfo> => {
    await options.copies?.(name)
    const info = await from(source).layers.show(name)
    if (info === null) throw new VzfsError('layer_unknown', `there is no layer ${name}`)
    return keepLayer(info, await from(source).layers.manifest(name))
  }
  const keepArea = (area: AreaInfo, record: unknown, word: string | undefined): AreaInfo => {
    if (areas.has(area.id)) throw new VzfsError('area_exists', `area ${area.id} exists already`)
    const missing = area.layers.find((name) => !layers.has(name))
    if (missing !== undefined) throw new VzfsError('layer_unknown', `there is no layer ${missing} on ${path}`)
    for (const part of ['upper', 'work']) disk.makeDirectory(`${path}/areas/${area.id}/${part}`)
    areas.set(area.id, area)
    records.set(area.id, JSON.stringify(record))
    if (word !== undefined) words.set(area.id, word)
    return area
  }
  const vzfs: FakeVzfs = {
    path,
    source: { path, kept: (body) => body(), settled: (_area, body) => body() },
    receive: {
      async layer(name, source) {
        const there = layers.get(name)
        if (there) return there.info
        const work = under.get(name) ?? receiveLayer(name, source).finally(() => under.delete(name))
        under.set(name, work)
        return work
      },
      async clone(source, { id: original, snapshot }, { id, base, record, adapt }, copying = {}) {
        const other = from(source)
        const snap = snapshot === null ? null : other.kept.get(original)?.get(snapshot)
        const names = snap?.info.layers ?? (await other.areas.show(original))?.layers ?? []
        await copy(`cannot clone area ${original} as area ${id}`, copying)
        const area = keepArea({ id, base, layers: [...names] }, record, snap?.word ?? other.words.get(original))
        await adapt?.(planOf(id, names))
        return area
      },
      async area(source, id, record, copying = {}) {
        const other = from(source)
        const there = await other.areas.show(id)
        if (there === null) throw new VzfsError('area_unknown', `there is no area ${id} on ${other.path}`)
        await copy(`cannot copy area ${id}`, copying)
        const area = keepArea(there, record, other.words.get(id))
        const snapshotsThere = other.kept.get(id)
        if (snapshotsThere) kept.set(id, new Map(snapshotsThere))
        return area
      },
    },
    words,
    kept,
    snapshots,
    reflink: options.reflink ?? true,
    grace: volumeGrace(quota),
    async clone(source, { id, base, record, adapt }, copying = {}) {
      const { layers: names } = source.snapshot === null ? known(source.id) : find(source.id, source.snapshot).info
      const word = source.snapshot === null ? words.get(source.id) : find(source.id, source.snapshot).word
      await copy(`cannot clone area ${source.id} as area ${id}`, copying)
      if (areas.has(id)) throw new VzfsError('area_exists', `area ${id} exists already`)
      for (const part of ['upper', 'work']) disk.makeDirectory(`${path}/areas/${id}/${part}`)
      await adapt?.(planOf(id, names))
      const area = { id, base, layers: [...names] }
      areas.set(id, area)
      records.set(id, JSON.stringify(record))
      if (word !== undefined) words.set(id, word)
      return area
    },
    records,
    slowRelinks: false,
    relinks: [],
    leaving,
    idSettings,
    uncounted,
    damaged,
    rotten,
    obstacles,
    quota,
    layers: {
      async build(name, _source, { manifest = null, progress, signal } = {}) {
        signal?.throwIfAborted()
        if (layers.has(name)) throw new VzfsError('layer_exists', `layer ${name} exists already`)
        progress?.(1, 1)
        const info = {
          name,
          files: 1,
          sharedFiles: 0,
          bytes: 1,
          newPoolBytes: 0,
          builtAt: new Date().toISOString(),
          digest: name,
        }
        return keepLayer(info, manifest)
      },
      list: async () => [...layers.values()].map(({ info }) => info),
      show: async (name) => layers.get(name)?.info ?? null,
      manifest: async (name) => layers.get(name)?.manifest ?? null,
      contents: async () => null,
      async remove(name) {
        const users = [...areas.values()]
          .filter((area) => area.layers.includes(name))
          .map(({ id }) => ({ area: id, snapshot: null }))
        if (users.length > 0) throw new LayerInUse(name, users)
        if (!layers.delete(name)) throw new VzfsError('layer_unknown', `there is no layer ${name}`)
      },
    },
    areas: {
      create: async (id, base, names, record) => keepArea({ id, base, layers: [...names] }, record, undefined),
      async remove(id) {
        areas.delete(id)
        records.delete(id)
        kept.delete(id)
        words.delete(id)
        idSettings.delete(id)
      },
      list: async () => [...areas.values()].filter(({ id }) => !damaged.has(id)).toSorted((a, b) => a.id - b.id),
      show: async (id) => (damaged.has(id) ? known(id) : (areas.get(id) ?? null)),
      async problem(id) {
        if (damaged.has(id)) return { message: `${path}/areas/${id}/area.json is damaged`, mendable: true }
        return areas.has(id) ? null : { message: `${path}/areas/${id} is missing`, mendable: false }
      },
      async mend(area) {
        if (!areas.has(area.id)) throw new VzfsError('area_unknown', `there is no area ${area.id} on ${path}`)
        areas.set(area.id, area)
        damaged.delete(area.id)
      },
      async plan(id) {
        return planOf(id, known(id).layers)
      },
      async relink(id, { share, progress, signal }) {
        known(id)
        vzfs.relinks.push({ id, share })
        signal?.throwIfAborted()
        progress?.(1, 1)
        if (vzfs.slowRelinks)
          await new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
        return relinked
      },
      survey: async () => relinked,
      async rebase(id, names) {
        const area = known(id)
        const missing = names.find((name) => !layers.has(name))
        if (missing !== undefined) throw new VzfsError('layer_unknown', `there is no layer ${missing}`)
        if (obstacles.has(id)) throw new RebaseRefused(id, [{ path: '/etc/motd', why: 'is in the way' }])
        areas.set(id, { ...area, layers: [...names] })
      },
      async writeRecord(id, record) {
        known(id)
        records.set(id, JSON.stringify(record))
      },
      async readRecord(id) {
        const text = records.get(id)
        return text === undefined ? null : (JSON.parse(text) as unknown)
      },
      async usage(id) {
        const project = projectOf(known(id))
        const nothing = { bytes: 4096, inodes: 1, enforced: false, bytesGraceEnds: null, inodesGraceEnds: null }
        return quota.kinds.has('project') ? { ...nothing, ...quota.account('project', project), enforced: true } : nothing
      },
      async limit(id, limits) {
        if (quota.kinds.has('project')) quota.setLimits('project', projectOf(known(id)), limits)
      },
      counted: async (id) => known(id) !== null && !uncounted.has(id),
      recount: async (id) => (uncounted.delete(id) ? 1 : 0),
      async idQuota(id) {
        const { base } = known(id)
        const settings = idSettings.get(id) ?? heldSettings()
        idSettings.set(id, settings)
        return openIdQuota({ settings, quota, base })
      },
      withRoom: (_id, body) => body(),
      idQuotaPlace: async (id) => (quota.kinds.has('user') ? { volume: path, area: `${path}/areas/${id}` } : null),
      limits: async (id) => (quota.kinds.has('project') ? quota.account('project', projectOf(known(id))).limits : null),
    },
    async layerFromArea(id, name, layerOptions = {}) {
      known(id)
      return vzfs.layers.build(name, '', layerOptions)
    },
    leavingBases: () => leaving,
    scratch: async () => `${path}/tmp/scratch`,
    discard: async () => undefined,
    check: async () => [],
    examine: async ({ contents = false } = {}) => ({ ...sound(), deep: contents }),
    repair: async ({ contents = false } = {}) => ({ ...sound(), damages: [], deep: contents, repaired: rotten.splice(0) }),
    collect: async ({ dryRun = false } = {}) => ({ files: 0, bytes: 0, dryRun }),
    space: async () => ({
      areas: [...areas.keys()].map((id) => ({ id, files: 1, apparent: 1, shared: 0, saved: 0 })),
      layers: [...layers.keys()].map((name) => ({
        name,
        users: [...areas.values()].filter((area) => area.layers.includes(name)).length,
        apparent: 1,
        own: 4096,
        shared: 0,
        saved: 0,
      })),
      pool: { files: 0, bytes: 0, saved: 0 },
    }),
    residency: async () => ({ layers: [], areas: [], resident: 0, saved: 0 }),
    learn: async () => undefined,
    readAhead: async () => ({ files: 0, bytes: 0 }),
    idle: async () => undefined,
    close: async () => undefined,
  }
  return vzfs
}
