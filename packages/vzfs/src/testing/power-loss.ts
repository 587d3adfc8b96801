/** What a volume must have after a loss of power, from what its user was told before it. */

/** One line of who works on the volume, each after the fact but `removing`. */
export type Said =
  | { readonly layer: string }
  | { readonly area: number; readonly version: number }
  | { readonly removing: string }
  | { readonly removed: string }

export interface Owed {
  /** Must be there: "layer l-1", "area 12"; an area with at least that version of its record. */
  readonly there: ReadonlyMap<string, number>
  /** Must not be there. */
  readonly gone: ReadonlySet<string>
}

export function owed(lines: readonly Said[]): Owed {
  const there = new Map<string, number>()
  const gone = new Set<string>()
  for (const said of lines) {
    if ('layer' in said) there.set(`layer ${said.layer}`, 0)
    else if ('area' in said) there.set(`area ${said.area}`, said.version)
    // From here on it may be there or not.
    else if ('removing' in said) there.delete(said.removing)
    else gone.add(said.removed)
  }
  return { there, gone }
}
