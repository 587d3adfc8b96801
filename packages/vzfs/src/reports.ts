/** What is asked about a volume as a whole, and what is told: damage and its repair, collections, what takes space on disk and in RAM. */

export interface CheckOptions {
  /** Also reads all contents from the disk and compares them with their names. What is damaged is moved aside, so that reads fail and give nothing wrong. */
  readonly contents?: boolean
  /** Bytes per second that are read at most. */
  readonly pace?: number | null
  readonly progress?: StepProgress
  readonly signal?: AbortSignal
}

export type DamageKind =
  /** Named contents that are missing, damaged or moved aside. */
  | 'contents'
  /** Owner or mode of something in the pool. */
  | 'pool-file'
  /** Contents that have a second name somewhere. */
  | 'pool-linked'
  | 'pool-stray'
  /** A stub that does not show what it should. */
  | 'stub'
  /** Owner, mode, times, attributes of an entry of a layer. */
  | 'metadata'
  /** An entry of a layer that is missing, or is something else. */
  | 'entry'
  /** An entry of a layer that was not there when it was built. */
  | 'extra'
  /** The bytes of a file that a layer holds itself. */
  | 'small-file'
  /** layer.json, or the whole layer. */
  | 'layer-file'
  | 'record'
  /** A layer that is not what its digest says, and nobody knows what it was. */
  | 'layer-digest'
  /** area.json, or the whole area. */
  | 'area-file'
  /** Owner or mode of what lies around trees. */
  | 'owner'
  /** Private files of an area that are counted for somebody else, or for nobody. */
  | 'account'
  | 'leftover'

export interface Damage {
  readonly kind: DamageKind
  /** Path on the volume, for people. */
  readonly path: string
  readonly problem: string
  /** `repair` may put it right. */
  readonly repairable: boolean
  readonly layer?: string
  readonly area?: number
  /** Where there are several: its name. */
  readonly volume?: string
  /** Path in the layer's tree, one byte per character. */
  readonly entry?: string
  /** Of an area: which of its trees of links it is about, from its directory. `entry` is the path in it. */
  readonly links?: string
  /** Of the contents that it is about, and their length. */
  readonly digest?: string
  readonly size?: number
  /** Of contents: whose stubs name them. */
  readonly namedBy?: NamedBy
}

export interface NamedBy {
  readonly layers: readonly string[]
  readonly areas: readonly number[]
}

export interface CheckReport {
  readonly damages: readonly Damage[]
  /** Contents that nothing names: no damage; a collection deletes them. */
  readonly orphans: { readonly files: number; readonly bytes: number }
  readonly looked: { readonly layers: number; readonly areas: number; readonly contents: number; readonly bytes: number }
  /** Whether the contents were read. */
  readonly deep: boolean
}

export interface RepairOptions extends CheckOptions {
  /** Directories that may hold the bytes that are missing: a backup, another volume. */
  readonly from?: readonly string[]
  /** Volumes that may have the contents in their pools, and small files in their layers. */
  readonly volumes?: readonly string[]
  /** Hands a tree that was built as the layer was to `use`, and removes it; does nothing when there is none to be had. */
  readonly treeLike?: (layer: string, use: (tree: string) => Promise<void>) => Promise<void>
}

/** What is damaged still, and what was. */
export interface Repaired extends CheckReport {
  readonly repaired: readonly Damage[]
}

export interface CollectOptions {
  /** Only says what would be deleted. */
  readonly dryRun?: boolean
  readonly progress?: StepProgress
  readonly signal?: AbortSignal
}

export type StepProgress = (step: string, done: number, total: number) => void

export interface Collected {
  readonly files: number
  /** On disk. */
  readonly bytes: number
  readonly dryRun: boolean
}

/** Bytes on disk, but for `apparent`. What a repeated name of a file would add counts once. */
export interface SpaceReport {
  readonly areas: readonly {
    readonly id: number
    /** Regular files that its root shows, and the sum of their lengths. */
    readonly files: number
    readonly apparent: number
    /** Contents of the pool that it shows. */
    readonly shared: number
    /** Its part of what is saved. */
    readonly saved: number
  }[]
  readonly layers: readonly {
    readonly name: string
    readonly users: number
    readonly apparent: number
    /** Metadata and small files: what the layer takes besides contents of the pool. */
    readonly own: number
    readonly shared: number
    readonly saved: number
  }[]
  readonly pool: { readonly files: number; readonly bytes: number; readonly saved: number }
}

export interface LayerResidency {
  readonly name: string
  /** Areas in use now. */
  readonly users: number
  /** Contents of the pool that it names, their bytes, and how many of both are in RAM. */
  readonly files: number
  readonly bytes: number
  readonly residentFiles: number
  readonly resident: number
  /** RAM that its users would need more if each had its own. */
  readonly saved: number
  readonly biggest: readonly { readonly path: string; readonly bytes: number; readonly resident: number }[]
}

export interface ResidencyReport {
  readonly layers: readonly LayerResidency[]
  /** Areas in use: what is in RAM of contents that each shows, and its part of what is saved. */
  readonly areas: readonly { readonly id: number; readonly resident: number; readonly saved: number }[]
  /** Of all areas in use, each content once. */
  readonly resident: number
  readonly saved: number
}

export interface ReadAhead {
  readonly files: number
  readonly bytes: number
}
