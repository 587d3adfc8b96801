/**
 * Several volumes as one. Each is a VZFS of its own, with its own pool and its own layers: files are shared within a volume and not between them. An area lies on
 * one of them. Which it is its owner knows, and says it by `home`; of an area that its owner does not know, it is looked for.
 *
 * The *first* volume is always there. Layers are built on it; another one gets a copy when an area that consists of it is made there. A volume that is *missing*
 * (a disk that is gone) keeps its name: what is asked about areas on it is refused with the reason, and all else goes on.
 */

import type { CloneWish } from '../snapshots/clone.ts'
import type { CloneSource, CopyOptions, Snapshots } from '../snapshots/snapshot.ts'
import type {
  AreaInfo,
  AreaLayerOptions,
  Areas,
  CheckOptions,
  CheckReport,
  Collected,
  CollectOptions,
  LayerInfo,
  Layers,
  ReadAhead,
  Repaired,
  RepairOptions,
  ResidencyReport,
  SpaceReport,
  Vzfs,
} from '../vzfs.ts'

export interface VolumeState {
  readonly name: string
  readonly path: string
  /** null: it is missing. */
  readonly vzfs: Vzfs | null
  /** Why it is missing. */
  readonly problem: string | null
}

export interface JoinedResidency extends ResidencyReport {
  readonly volumes: readonly { readonly volume: string; readonly resident: number; readonly saved: number }[]
}

export type PresentVolume = VolumeState & { readonly vzfs: Vzfs }

export interface PlaceOptions {
  /** Bytes of contents of this layer that are copied to the volume. */
  readonly copying?: (layer: string, done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface NewArea {
  readonly id: number
  readonly base: number
  readonly layers: readonly string[]
  readonly record: unknown
}

export interface JoinedVzfs {
  /** Of the first volume. */
  readonly path: string
  /** The first one first, the others by name. */
  volumes(): readonly VolumeState[]
  /** @throws VzfsError volume_unknown, volume_missing */
  on(volume: string): Vzfs
  /** Where an area lies. @throws VzfsError volume_unknown, volume_missing */
  of(area: number): Promise<PresentVolume>
  /** From now on this is a volume, or what it is has changed. */
  put(state: VolumeState): void
  /** It is none any more. The first one cannot go. */
  drop(volume: string): void

  /** `build` is on the first volume; `remove` is from all; the others look at all. */
  readonly layers: Layers
  /** By id. `create` is on the first volume, and `rebase` brings layers that the area's volume lacks. */
  readonly areas: Areas
  readonly snapshots: Snapshots
  /** As `areas.create`, on this volume; layers that it lacks are copied there first. */
  create(volume: string, area: NewArea, options?: PlaceOptions): Promise<AreaInfo>
  /** As `Vzfs.clone`, to this volume. */
  clone(volume: string, source: CloneSource, wish: CloneWish, options?: CopyOptions & PlaceOptions): Promise<AreaInfo>
  /** A copy of the area with its snapshots on this volume; who has said where its home is then calls `dropStale`. */
  copyTo(volume: string, area: number, record: unknown, options?: CopyOptions & PlaceOptions): Promise<AreaInfo>
  /** As `Vzfs.layerFromArea`, on the volume of the area. */
  layerFromArea(id: number, name: string, options?: AreaLayerOptions): Promise<LayerInfo>
  /** Removes areas from where they are not at home, if they are there as well: a copy that was not wanted in the end, or an original that is not any more. */
  dropStale(): Promise<readonly { readonly volume: string; readonly id: number }[]>

  leavingBases(): ReadonlySet<number>
  scratch(): Promise<string>
  discard(scratch: string): Promise<void>
  /** One volume after the other; each damage says where it is. */
  examine(options?: CheckOptions): Promise<CheckReport>
  /** What one lacks may come from another. */
  repair(options?: RepairOptions): Promise<Repaired>
  collect(options?: CollectOptions): Promise<Collected>
  /** Of each that is there. */
  space(signal?: AbortSignal): Promise<readonly (SpaceReport & { readonly volume: string })[]>
  residency(running: readonly number[], files?: number): Promise<JoinedResidency>
  learn(volume: string, layers: readonly string[]): Promise<void>
  readAhead(volume: string, layers: readonly string[], bytes: number): Promise<ReadAhead>
  idle(): Promise<void>
  close(): Promise<void>
}
