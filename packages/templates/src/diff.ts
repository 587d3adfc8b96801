/** What differs between the packages of two template versions. */

import type { Package } from './package.ts'

export interface PackageChange {
  readonly name: string
  readonly architecture: string
  /** null: it was not there. */
  readonly from: string | null
  /** null: it is not there any more. */
  readonly to: string | null
}

/** By name. */
export function diffPackages(from: readonly Package[], to: readonly Package[]): PackageChange[] {
  const [before, after] = [versions(from), versions(to)]
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((key) => {
    const [was, is] = [before.get(key) ?? null, after.get(key) ?? null]
    const [name = '', architecture = ''] = key.split(' ')
    return was === is ? [] : [{ name, architecture, from: was, to: is }]
  })
}

/** Of kernels, several versions of one package may be there. */
function versions(packages: readonly Package[]): Map<string, string> {
  const all = Map.groupBy(packages, ({ name, architecture }) => `${name} ${architecture}`)
  return new Map(
    [...all].map(([key, group]) => [
      key,
      group
        .map(({ version }) => version)
        .toSorted()
        .join(', '),
    ]),
  )
}
