/** The files that a definition names. */

import type { Definition } from '@insula/contract'
import type { Path } from './yaml-file.ts'

export interface NamedFile {
  readonly name: string
  /** Where in the definition it is named. */
  readonly path: Path
  readonly kind: 'file' | 'script' | 'key'
}

export function filesOf(definition: Definition): NamedFile[] {
  const files = Object.entries(definition.files).flatMap(([place, { from }]) =>
    from === undefined ? [] : [{ name: from, path: ['files', place, 'from'], kind: 'file' as const }],
  )
  const scripts = definition.scripts.map(({ run }, at) => ({ name: run, path: ['scripts', at, 'run'], kind: 'script' as const }))
  return [...files, ...scripts, ...keysOf(definition)]
}

type Keyed = readonly { readonly keys: readonly string[] }[]

function keysOf(definition: Definition): NamedFile[] {
  const named = (repositories: Keyed, path: Path): NamedFile[] =>
    repositories.flatMap(({ keys }, at) =>
      keys.map((name, index) => ({ name, path: [...path, at, 'keys', index], kind: 'key' as const })),
    )
  if (definition.kind === 'os') {
    const { install } = definition
    return install.with === 'busybox' ? [] : named(install.repositories, ['install', 'repositories'])
  }
  const ofSystems = (systems: (typeof definition)['repositories'], path: Path): NamedFile[] =>
    Object.entries(systems).flatMap(([os, { apt, dnf }]) => [
      ...named(apt, [...path, os, 'apt']),
      ...named(dnf, [...path, os, 'dnf']),
    ])
  return [
    ...ofSystems(definition.repositories, ['repositories']),
    ...Object.entries(definition.lines).flatMap(([line, { repositories = {} }]) =>
      ofSystems(repositories, ['lines', line, 'repositories']),
    ),
  ]
}
