/** An OS template version as apt on the node sees it: what is installed in it, and where it gets packages from. */

import { readFile } from 'node:fs/promises'
import { parseSources } from '../debian/sources.ts'
import { KEYRING } from '../debian/mmdebstrap.ts'
import { TemplateFailed } from '../failure.ts'
import type { Vzfs } from '@insula/vzfs'
import type { AppSystem } from './build-app.ts'
import type { AptSourceLine } from './deb/apt-tree.ts'

export interface System {
  readonly status: string
  readonly sources: readonly AptSourceLine[]
}

type Contents = Pick<Vzfs['layers'], 'contents'>

const SOURCES = ['etc/apt/sources.list', 'etc/apt/sources.list.d/debian.sources'] as const

/** null when it has no packages of Debian's kind. @param mirror in place of the first of its archives */
export async function readSystem(
  layers: Contents,
  { ref, sources: origin }: Pick<AppSystem, 'ref' | 'sources'>,
  mirror: string | undefined,
): Promise<System | null> {
  const read = async (path: string): Promise<Buffer | null> => {
    const place = await layers.contents(ref, path)
    return place === null ? null : readFile(place)
  }
  const status = await read('var/lib/dpkg/status')
  if (status === null) return null
  const own = origin.flatMap(({ name }) => (name === undefined ? [] : [`etc/apt/sources.list.d/${name}.sources`]))
  const files = await Promise.all(
    [...SOURCES, ...own].map(async (name) => ({ name, text: (await read(name))?.toString() ?? '' })),
  )
  const entries = files.flatMap(parseSources)
  if (entries.length === 0)
    throw new TemplateFailed(
      'failed',
      `OS template ${ref} names no archive of packages in ${SOURCES.map((name) => `/${name}`).join(' or ')}`,
      'put one there: a definition of the template can, with `files`',
    )
  const main = entries[0]?.uri
  const sources = await Promise.all(
    entries.map(async ({ uri, suite, components, signedBy }): Promise<AptSourceLine> => {
      const key = signedBy?.startsWith('/') ? await read(signedBy.slice(1)) : null
      const address = mirror !== undefined && uri === main ? mirror : uri
      return { address, suites: [suite], components, keys: [key ?? (await readFile(KEYRING))] }
    }),
  )
  return { status: status.toString(), sources }
}
