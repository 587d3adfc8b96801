/** One package of a template version. */

export interface Package {
  readonly name: string
  readonly version: string
  /** As its own tools name it: "amd64", "all", "x86_64", "noarch". */
  readonly architecture: string
  /** SHA-256 of the package's file, as the signed index or the package itself says; absent where neither is known. */
  readonly sha256?: string
}

export const sortPackages = (packages: readonly Package[]): Package[] =>
  packages.toSorted((a, b) => (a.name === b.name ? compare(a.architecture, b.architecture) : compare(a.name, b.name)))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
