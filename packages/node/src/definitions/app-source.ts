/** The definition of an app as what it is built from: a plain value with the contents of all that it names. */

import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type AppSource, TemplateFailed } from '@insula/templates'
import type { AppDefinition } from '@insula/contract'
import type { LoadedDefinition } from './load.ts'

/** @throws TemplateFailed when it asks for what apps cannot do */
export async function appSource({ name, definition, contents }: LoadedDefinition): Promise<AppSource> {
  if (definition.kind !== 'app') throw new Error(`"${name}" is no app`)
  const missing = notPossible(definition)
  if (missing !== null)
    throw new TemplateFailed(
      'failed',
      `app ${name} could not be built: its definition has ${missing}, which apps cannot have`,
      'leave it out',
    )
  const text = (file: string): string => contents[file]?.toString() ?? ''
  const keys = new Map<string, Buffer>()
  for (const key of Object.values(definition.repositories).flatMap(({ apt }) => apt.flatMap((one) => one.keys)))
    keys.set(key, contents[key] ?? (await readFile(key)))
  const { description, needs, parameters, scripts, health } = definition
  const files = Object.fromEntries(Object.entries(contents).map(([file, bytes]) => [file, bytes.toString('base64')]))
  return {
    name,
    description,
    digest: hash('sha256', JSON.stringify([definition, files])),
    needs,
    parameters,
    scripts: scripts.map(({ phase, run, seconds }) => ({
      // Those of the host were refused.
      phase: phase as AppSource['scripts'][number]['phase'],
      name: run,
      contents: text(run),
      seconds,
    })),
    health: health ?? null,
    wants(os) {
      if (!definition.fits.some((fit) => fit === os.name || fit === os.family)) return null
      const packages = definition.packages[os.name] ?? definition.packages[os.family]
      if (packages === undefined) return null
      const { apt = [] } = definition.repositories[os.name] ?? definition.repositories[os.family] ?? {}
      const archives = apt.map(({ keys: names, ...archive }) => ({
        ...archive,
        keys: names.flatMap((key) => keys.get(key) ?? []),
      }))
      return { packages, archives, mainPackage: definition.mainPackage[os.name] ?? definition.mainPackage[os.family] ?? null }
    },
  }
}

function notPossible({ scripts, files, lines }: AppDefinition): string | null {
  if (scripts.some(({ where }) => where === 'host')) return 'scripts on the host'
  if (Object.keys(files).length > 0) return '"files"'
  return Object.keys(lines).length > 0 ? '"lines"' : null
}
