/** What a Debian system consists of. */

import type { Install } from '@insula/contract'

export interface DebianRecipe {
  /** "bookworm". */
  readonly suite: string
  /** ["main"] when absent. */
  readonly components?: readonly string[]
  /** minbase when absent. */
  readonly variant?: Extract<Install, { with: 'mmdebstrap' }>['variant']
  /** On top of what the variant has. */
  readonly packages: readonly string[]
  /** Besides Debian's own. */
  readonly repositories?: readonly DebianRepository[]
  /** Path inside the system to contents. */
  readonly files: Readonly<Record<string, string>>
  /** Path inside the system to the link's target. */
  readonly links: Readonly<Record<string, string>>
}

export interface DebianRepository {
  readonly name: string
  readonly address: string
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** Armored or not. What it gives has to be signed by one of them. */
  readonly keys: readonly Uint8Array[]
}
