/** Snapshots in memory: their names and promises. What lies in them is a word that a test can change. */

import { type AreaInfo, type CopyOptions, type SnapshotInfo, type Snapshots, type SnapshotWish, VzfsError } from '@insula/vzfs'

export interface KeptSnapshot {
  readonly info: SnapshotInfo
  readonly record: string
  readonly word: string
}

export interface FakeSnapshotsNeed {
  readonly known: (id: number) => AreaInfo
  readonly setLayers: (id: number, layers: readonly string[]) => void
  /** What lies in areas. */
  readonly words: Map<number, string>
  /** Whether its volume is full, as of now. */
  readonly full: () => boolean
}

export function fakeSnapshots({ known, setLayers, words, full }: FakeSnapshotsNeed) {
  const all = new Map<number, Map<string, KeptSnapshot>>()
  const of = (id: number): Map<string, KeptSnapshot> => all.get(known(id).id) ?? new Map<string, KeptSnapshot>()
  const find = (id: number, name: string): KeptSnapshot => {
    const found = of(id).get(name)
    if (!found) throw new VzfsError('snapshot_unknown', `area ${id} has no snapshot ${name}`)
    return found
  }
  const keep = (id: number, { record, ...said }: SnapshotWish, word: string): SnapshotInfo => {
    const { layers } = known(id)
    if (of(id).has(said.name)) throw new VzfsError('snapshot_exists', `area ${id} has a snapshot ${said.name} already`)
    const info = { ...said, createdAt: new Date().toISOString(), layers, bytes: 4096, inodes: 1 }
    all.set(id, new Map(of(id)).set(said.name, { info, record: JSON.stringify(record), word }))
    return info
  }
  const copy = async (doing: string, { still = (body) => body(), signal }: CopyOptions): Promise<void> => {
    await still(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      signal?.throwIfAborted()
      if (full()) throw new VzfsError('no_space', `${doing}: the volume is full; nothing of it is left`)
    })
  }
  const snapshots: Snapshots = {
    async create(id, wish, options = {}) {
      known(id)
      await copy(`cannot make snapshot ${wish.name} of area ${id}`, options)
      return keep(id, wish, words.get(id) ?? '')
    },
    list: async (id) => [...of(id).values()].map(({ info }) => info).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt)),
    show: async (id, name) => find(id, name).info,
    record: async (id, name) => JSON.parse(find(id, name).record) as unknown,
    async remove(id, name) {
      find(id, name)
      of(id).delete(name)
    },
    async rollback(id, name, before, options = {}) {
      const { info, word } = find(id, name)
      await copy(`cannot roll area ${id} back to snapshot ${name}`, options)
      keep(id, before, words.get(id) ?? '')
      words.set(id, word)
      setLayers(id, info.layers)
      return info
    },
  }
  return { all, snapshots, copy, find }
}
