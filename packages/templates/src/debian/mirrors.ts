/** Where a node gets Debian's packages from, found in what its own apt uses. */

import type { AptSource } from './sources.ts'

/** Base addresses without a slash at the end; null where the node has none. */
export interface DebianMirrors {
  readonly main: string | null
  readonly security: string | null
  /** The node takes updates between point releases (bookworm-updates). */
  readonly updates: boolean
}

const SUITE =
  /^(?:sid|buster|bullseye|bookworm|trixie|forky|duke|oldoldstable|oldstable|stable|testing|unstable)(-updates|-security)?$/

export function findMirrors(sources: readonly AptSource[]): DebianMirrors {
  const archives = sources.filter(isDebianArchive)
  const ofKind = (kind: string): string | null => {
    const found = archives.find((source) => (SUITE.exec(source.suite)?.[1] ?? '') === kind)
    return found ? normalizeMirror(found.uri) : null
  }
  return { main: ofKind(''), security: ofKind('-security'), updates: ofKind('-updates') !== null }
}

export const normalizeMirror = (uri: string): string => uri.replace(/\/+$/, '')

/** Others also have a component `main` for Debian's suites; they are signed by their own keys, or do not lie at .../debian. */
function isDebianArchive({ uri, suite, components, signedBy }: AptSource): boolean {
  if (!SUITE.test(suite) || !components.includes('main') || !/^https?:\/\//.test(uri)) return false
  if (signedBy !== null) return signedBy.includes('debian-archive')
  return uri.split('/').some((segment) => segment === 'debian' || segment === 'debian-security')
}
