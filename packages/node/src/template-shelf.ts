/** The templates of this node as the daemon sees them. */

import type { Package, PackageManager, Template } from '@insula/templates'
import type { Linted } from './definitions/lint.ts'
import type { Scaffolded, ScaffoldWish } from './definitions/scaffold.ts'
import type { ListedDefinition } from './definitions/shelf.ts'

export interface ShelvedTemplate {
  readonly name: string
  readonly version: string
  /** "debian-12@2026-11-23.1" */
  readonly ref: string
  /** Digest of the definition. */
  readonly definition: string
  readonly distribution: string
  readonly release: string
  readonly architecture: string
  readonly family: string
  readonly packageManager: PackageManager
  /** ready: "systemd" whose state is asked, "none", or a file that is there once the system is up. */
  readonly init: { readonly kind: string; readonly path: string; readonly stopSignal: string; readonly ready: string }
  readonly layers: readonly string[]
  readonly description: string
  readonly sources: Template['sources']
  /** By name. */
  readonly packages: readonly Package[]
  readonly files: number
  readonly bytes: number
  readonly builtAt: string
}

export interface BuildOptions {
  readonly mirror: string | undefined
  readonly signal: AbortSignal
  /** What scripts write. */
  readonly log?: (line: string) => void
  readonly onProgress: (step: string, done: number, total: number | null) => void
}

export interface ImportOptions extends Omit<BuildOptions, 'mirror'> {
  readonly log: (text: string) => void
}

export interface TemplateShelf {
  /** All versions of all templates, oldest first within a name. */
  list(): Promise<ShelvedTemplate[]>
  /** A version, or the latest of a name; null when there is none. */
  find(ref: string): Promise<ShelvedTemplate | null>
  definitions(): Promise<readonly ListedDefinition[]>
  /** @returns its directory and what is wrong with it; null when there is none of that name */
  lint(which: { readonly name?: string | undefined; readonly directory?: string | undefined }): Promise<Linted | null>
  /** Begins a definition of the provider's own. */
  scaffold(wish: ScaffoldWish): Promise<Scaffolded>
  build(name: string, options: BuildOptions): Promise<ShelvedTemplate>
  /** null: packages and definition are those of the latest version, and nothing was kept. */
  update(name: string, options: BuildOptions): Promise<ShelvedTemplate | null>
  /** CycloneDX. null when there is no such version. */
  sbom(ref: string): Promise<Record<string, unknown> | null>
  /** @param file absolute */
  import(name: string, file: string, options: ImportOptions): Promise<ShelvedTemplate>
  remove(ref: string): Promise<void>
  /** Builds a tree as a version was built, hands it to `use` and removes it. */
  withTreeLike(ref: string, options: BuildOptions, use: (tree: string) => Promise<void>): Promise<void>
}
