/** Who names which contents. */

import type { Damage, NamedBy } from '../reports.ts'

export type Named = Map<string, Namers>

interface Namers {
  readonly layers: Set<string>
  readonly areas: Set<number>
}

export function namers(named: Named, digest: string): Namers {
  const known = named.get(digest) ?? { layers: new Set(), areas: new Set() }
  named.set(digest, known)
  return known
}

/** Of damaged contents, whom they are missed by. */
export function withNamers(named: Named, damage: Damage): Damage {
  const known = damage.kind === 'contents' && damage.digest !== undefined ? named.get(damage.digest) : undefined
  if (known === undefined) return damage
  const namedBy: NamedBy = { layers: [...known.layers], areas: [...known.areas] }
  return { ...damage, namedBy }
}
