/** Compares two of npm's lock files: what is wanted, and what npm says it installed. */

export interface Locked {
  readonly version?: string
  readonly integrity?: string
  /** A workspace of ours. */
  readonly link?: boolean
  /** Only for tests and checks. */
  readonly dev?: boolean
  /** For another processor or system, perhaps. */
  readonly optional?: boolean
}
export interface Lock {
  readonly packages: Readonly<Record<string, Locked>>
}

/** Paths below node_modules where they differ. What is installed beyond what is wanted does no harm. */
export function differingPackages(wanted: Lock, installed: Lock, options: { readonly omitDev: boolean }): string[] {
  return Object.entries(wanted.packages)
    .filter(([path, { link, dev }]) => path.startsWith('node_modules/') && !link && !(dev && options.omitDev))
    .filter(([path, { optional, version, integrity }]) => {
      const found = installed.packages[path]
      // npm forgets checksums when it installs from its own cache.
      return found === undefined ? !optional : found.version !== version || (found.integrity ?? integrity) !== integrity
    })
    .map(([path]) => path)
}
