import type { Package } from './package.ts'
import type { PackageSource } from './template.ts'

/** What a tree was made of. */
export interface BuiltTree {
  readonly packages: readonly Package[]
  readonly sources: readonly PackageSource[]
}
