/**
 * VZFS: a copy-on-write file system that shares files among many roots, on disk and in RAM, built on the kernel's overlayfs.
 *
 *   root of area 101 =  overlay( upper:  areas/101/upper        private changes, real files, host-shifted ids
 *                                lower:  areas/101/links         links that relink made: metadata only, host-shifted ids
 *                                        layers/<name>/tree      metadata only, shared by all, seen through an idmapped mount
 *                                data:   pool                    file contents by SHA-256, shared by all )
 *
 * Words. *Pool*: content-addressed store, pool/ab/cdef...; contents never change, they come, and go when nothing names them. *Layer*: read-only tree of metadata; each
 * regular file over a small size is a stub (zero blocks, right length) whose overlay xattrs name its contents in the pool. *Area*
 * (private area): what belongs to one root alone. A layer that was made of an area has, besides, whiteouts (what is not there, whatever the layers below
 * have) and opaque directories (nothing of the layers below), and nothing else that depends on them. On a volume:
 *
 *   pool/ab/cdef0123...           contents
 *   pool-quarantine/DIGEST       contents that a deep check found to be damaged
 *   layers/NAME/tree/             the metadata tree, owned by root on disk
 *   layers/NAME/layer.json        what it is: files, bytes, build time, digest
 *   layers/NAME/manifest.json     what its builder says about it (opaque to VZFS)
 *   layers/NAME/entries.zst       every path of it, with metadata and digest: what `digest` is the digest of
 *   layers/NAME/hot.json          which contents are worth reading ahead; a cache, can be deleted
 *   areas/ID/{upper,work}/        area; upper is the owner's, everything else here is root's alone
 *   areas/ID/links/               the area's own metadata layer; absent until a relink found something
 *   areas/ID/links.zst             what links consists of; beside those of a snapshot too
 *   areas/ID/quota.json           what users and groups inside may have; quota.json.kept: the last one that is on disk for certain
 *   areas/ID/snapshots/NAME/      what its private directories were at some time, in its account: upper, snapshot.json, quota.json, record.json
 *   areas/ID/rollback/            only while one is being finished: what the area is about to have
 *   areas/ID/relink.json          what is left to be done of a relink; links.new, links.old, own.new: its work
 *   areas/ID/record.json          a copy of the owner's record (opaque to VZFS), so that a lost database can be rebuilt
 *   root/                         empty: the mount point of every overlay, each in a mount namespace of its own
 *   tmp/ trash/                   work in progress, things being deleted; swept at start
 *   index.db                      digests of private files that were looked at; a cache, can be deleted
 *   volume.json                   which node's volume it is, and its name there
 *   lock                          held by the one process that has the volume open
 *
 * Only `root` can be reached by others than the host's root: an OCI runtime walks to its root directory as the owner of the area, while
 * the private files of an area, with set-id programs among them, must not be reachable for users of the host.
 *
 * VZFS does not know what a VPS is: an area has a numeric id and an owner base id.
 */

import type { QuotaLimits } from '@insula/kernel'
import type { CopySource } from './arrive/source.ts'
import type { ReceiveOptions } from './arrive/receive-layer.ts'
import type { IdQuota } from './quota/id-quota.ts'
import type { VolumeGrace } from './quota/volume-grace.ts'
import type { CloneWish } from './snapshots/clone.ts'
import type { CloneSource, CopyOptions, Snapshots } from './snapshots/snapshot.ts'
import type { RebaseOptions, RelinkOptions, RelinkReport } from './relink/report.ts'
import type {
  CheckOptions,
  CheckReport,
  Collected,
  CollectOptions,
  Damage,
  ReadAhead,
  Repaired,
  RepairOptions,
  ResidencyReport,
  SpaceReport,
} from './reports.ts'

export type * from './reports.ts'

export interface LayerInfo {
  readonly name: string
  /** Regular files (one with several names counts once), and of them those whose contents lie in the pool. */
  readonly files: number
  readonly sharedFiles: number
  /** Apparent bytes of all regular files; bytes that this layer added to the pool when it was built. */
  readonly bytes: number
  readonly newPoolBytes: number
  readonly builtAt: string
  /** SHA-256 over the sorted list of paths, metadata and content digests. */
  readonly digest: string
}

/** Everything the mounting side needs, as plain strings: an overlay to be mounted in a private mount namespace. */
export interface OverlayPlan {
  /** The area's own metadata layer, on top of the others and seen as it is; null when it has none. */
  readonly own: string | null
  /** Layer trees, top first; each is to be seen through a clone idmapped to the area's owner. */
  readonly layers: readonly string[]
  readonly pool: string
  readonly upper: string
  readonly work: string
  /** Mount point; the same directory for all areas, so mount only in a private mount namespace. */
  readonly root: string
  /** Extra overlay options: ["metacopy=on", "redirect_dir=on", ...]. */
  readonly options: readonly string[]
}

export interface LayerOptions {
  /** Kept beside the layer, as JSON; see `Layers.manifest`. */
  readonly manifest?: unknown
  /** Steps of a total that is known from the first call on. */
  readonly progress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface AreaLayerOptions extends LayerOptions {
  /** Paths from "/": these, and what is below them, stay as the area's layers have them. */
  readonly without?: readonly string[]
}

export interface Layers {
  /** Turns the tree at `source` (consumed, also on failure: it is moved, and must lie on the same volume, e.g. from `scratch()`) into
   * layer `name`. Atomic: the layer appears by one rename.
   * @throws VzfsError layer_exists (the source is then untouched), the signal's reason when aborted */
  build(name: string, source: string, options?: LayerOptions): Promise<LayerInfo>
  list(): Promise<LayerInfo[]>
  show(name: string): Promise<LayerInfo | null>
  /** What the builder gave as manifest; null when the layer is unknown or has none. */
  manifest(name: string): Promise<unknown>
  /** The file on the volume that holds the contents of a file of the layer; null when the layer has no such file. To be read, not to be changed.
   * @param path without a slash at the beginning; no link on the way is followed */
  contents(name: string, path: string): Promise<string | null>
  /** @throws LayerInUse naming the areas that use it. Contents stay in the pool until a collection. */
  remove(name: string): Promise<void>
}

export interface AreaInfo {
  readonly id: number
  /** Host uid and gid that is 0 inside. */
  readonly base: number
  readonly layers: readonly string[]
}

export interface AreaProblem {
  readonly message: string
  /** By `mend`: only the note of what it consists of is damaged or missing. */
  readonly mendable: boolean
}

export interface Areas {
  /** Atomic: the area appears by one rename. @throws when it exists, or a layer is unknown */
  create(id: number, base: number, layers: readonly string[], record: unknown): Promise<AreaInfo>
  /** Moves the area to trash by one rename and returns; the bytes are deleted in the background (see `Vzfs.idle`). Idempotent. */
  remove(id: number): Promise<void>
  list(): Promise<AreaInfo[]>
  show(id: number): Promise<AreaInfo | null>
  /** Why an area that should be there cannot be used; null when it can. */
  problem(id: number): Promise<AreaProblem | null>
  /** Writes down anew what it consists of. Its files stay as they are. Atomic. @throws VzfsError area_unknown, layer_unknown */
  mend(area: AreaInfo): Promise<void>
  /** Waits for a relink that is under way. */
  plan(id: number): Promise<OverlayPlan>
  /** Private files that others have too become links. Only while the area is not mounted. Atomic: cut off anywhere, it is finished or taken back by whoever
   * wants the area next. @throws the signal's reason when aborted; nothing has changed then */
  relink(id: number, options: RelinkOptions): Promise<RelinkReport>
  /** Reads what changed, so that relinks of other areas know of it. Changes nothing. */
  survey(id: number, options: RelinkOptions): Promise<RelinkReport>
  /** Relinks it and has it consist of other layers from then on. Only while it is not mounted. Atomic.
   * @throws RebaseRefused naming the files in the way, and the area is as it was; VzfsError layer_unknown */
  rebase(id: number, layers: readonly string[], options: RebaseOptions): Promise<void>
  /** Atomic (temp file, fsync, rename). */
  writeRecord(id: number, record: unknown): Promise<void>
  /** null when the area is unknown; throws when the record is damaged, naming the file. */
  readRecord(id: number): Promise<unknown>
  /** What lies in its private directories: by the kernel's own account where the volume enforces limits, else counted file by file. */
  usage(id: number): Promise<AreaUsage>
  /** What it may have, from now on, whether it is mounted or not. Where the volume enforces nothing this does nothing. */
  limit(id: number, limits: QuotaLimits): Promise<void>
  /** Whether what is made in its private directories is counted for it; null where the file system cannot count so. */
  counted(id: number): Promise<boolean | null>
  /** Puts that right, also for all that lies there, and also while it is mounted and written to. How many things were wrong. */
  recount(id: number): Promise<number>
  /** While `body` mounts it: its work directory needs space, which a full area has not. */
  withRoom<T>(id: number, body: () => Promise<T>): Promise<T>
  /** Of its users and groups. */
  idQuota(id: number): Promise<IdQuota>
  /** Where another process finds it; null when the volume keeps no quota of users and groups. */
  idQuotaPlace(id: number): Promise<IdQuotaPlace | null>
  /** What `limit` set last; null where the volume enforces nothing. */
  limits(id: number): Promise<QuotaLimits | null>
}

/** Two directories. */
export interface IdQuotaPlace {
  readonly volume: string
  readonly area: string
}

/** Blocks on disk, not apparent size. */
export interface AreaUsage {
  readonly bytes: number
  readonly inodes: number
  /** Whether limits hold on this volume. */
  readonly enforced: boolean
  /** When a soft limit that is exceeded becomes a hard one, seconds since the epoch; null when none is. */
  readonly bytesGraceEnds: number | null
  readonly inodesGraceEnds: number | null
}

/** What comes from another volume of the node. Atomic, each by one rename. */
export interface Arrivals {
  /** With its contents, verified. Nothing is done when it is there; of several who want it at once one copies. @throws VzfsError no_space, damaged */
  layer(name: string, from: CopySource, options?: ReceiveOptions): Promise<LayerInfo>
  /** As `Vzfs.clone`. Its layers have to be here. */
  clone(from: CopySource, source: CloneSource, wish: CloneWish, options?: CopyOptions): Promise<AreaInfo>
  /** With its snapshots, under the same id. It must not be mounted, stays there, and the layers of all have to be here. @throws VzfsError area_exists */
  area(from: CopySource, id: number, record: unknown, options?: CopyOptions): Promise<AreaInfo>
}

export interface Vzfs {
  readonly path: string
  readonly layers: Layers
  readonly areas: Areas
  readonly snapshots: Snapshots
  /** The volume's files can share blocks: snapshots and clones take what has changed, and a moment. Else they are copied. */
  readonly reflink: boolean
  /** Of the soft limits of all areas. */
  readonly grace: VolumeGrace
  /** For another volume that copies from here. */
  readonly source: CopySource
  readonly receive: Arrivals
  /**
   * A new area as a copy of another, with the ids of `wish.base` wherever there were the other's. Atomic: it appears by one rename.
   * @throws VzfsError area_exists, area_unknown, snapshot_unknown, no_space
   */
  clone(source: CloneSource, wish: CloneWish, options?: CopyOptions): Promise<AreaInfo>
  /**
   * What an area has over its layers becomes layer `name`: an area of that and the same layers, whatever its ids, shows what this one shows. Only while it
   * is not mounted; the area stays as it is. The layer appears by one rename, after both have been compared.
   * @throws VzfsError layer_exists, area_unknown, unsuitable naming what no layer can hold, the signal's reason when aborted
   */
  layerFromArea(id: number, name: string, options?: AreaLayerOptions): Promise<LayerInfo>
  /** Bases of removed areas whose files are not all deleted yet: who got such a base now would pay for what is not his. */
  leavingBases(): ReadonlySet<number>
  /** Makes a fresh, empty directory on the volume's tmp, for building a tree; swept at the next open if left over. */
  scratch(): Promise<string>
  /** Deletes a directory of `scratch()` in the background. */
  discard(scratch: string): Promise<void>
  /** What is wrong on the volume; empty when all is well. In a thread of its own. */
  check(options?: CheckOptions): Promise<readonly Damage[]>
  /** As `check`, with what was looked at. */
  examine(options?: CheckOptions): Promise<CheckReport>
  /** Checks, puts right what can be, checks again. */
  repair(options?: RepairOptions): Promise<Repaired>
  /** Deletes contents of the pool that no layer, area or snapshot names, beside whatever else goes on. @throws VzfsError damaged when it
   * cannot be told what is named; nothing is deleted then */
  collect(options?: CollectOptions): Promise<Collected>
  /** What is taken and saved on disk. Reads metadata of everything. */
  space(signal?: AbortSignal): Promise<SpaceReport>
  /** What of layers is in RAM. @param running areas whose roots are in use @param files how many of the biggest files are told of each layer */
  residency(running: readonly number[], files?: number): Promise<ResidencyReport>
  /** Looks at what of these layers, whose roots are in use, is in RAM, and remembers what is hot. */
  learn(layers: readonly string[]): Promise<void>
  /** Reads the hot files of these layers, so many bytes at most; for the cgroup of this process. */
  readAhead(layers: readonly string[], bytes: number): Promise<ReadAhead>
  /** Resolves when background deletion has nothing left to do. */
  idle(): Promise<void>
  /** Waits for `idle` and lets go of the volume. */
  close(): Promise<void>
}
