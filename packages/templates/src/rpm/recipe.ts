/** What a system of RPM packages consists of. */

import type { DnfRepository, Install } from '@insula/contract'

export interface RpmRecipe extends Pick<
  Extract<Install, { with: 'dnf' }>,
  'packages' | 'exclude' | 'weakDependencies' | 'database'
> {
  /** What $releasever stands for in addresses: "9". */
  readonly release: string
  readonly repositories: readonly RpmRepository[]
}

export interface RpmRepository extends Omit<DnfRepository, 'keys'> {
  /** Armored. What it gives has to be signed by one of them. */
  readonly keys: readonly Uint8Array[]
}

/** Of the repository itself or of what lists it. */
export const addressOf = ({ address, mirrorList, metalink }: RpmRepository): string => address ?? mirrorList ?? metalink ?? ''
