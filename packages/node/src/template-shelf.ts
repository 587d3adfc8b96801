/** The templates of this node as the daemon sees them. */

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
  readonly init: { readonly kind: string; readonly path: string; readonly stopSignal: string }
  readonly layers: readonly string[]
  readonly files: number
  readonly bytes: number
  readonly builtAt: string
}

export interface BuildOptions {
  readonly mirror: string | undefined
  readonly signal: AbortSignal
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
  definitions(): readonly { readonly name: string; readonly description: string }[]
  build(name: string, options: BuildOptions): Promise<ShelvedTemplate>
  /** @param file absolute */
  import(name: string, file: string, options: ImportOptions): Promise<ShelvedTemplate>
  remove(ref: string): Promise<void>
  /** Builds a tree as a version was built, hands it to `use` and removes it. */
  withTreeLike(ref: string, options: BuildOptions, use: (tree: string) => Promise<void>): Promise<void>
}
