/** The packages that an app needs on top of a system, fetched and verified by apt on the node: nothing of the system is run. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ProcessFailed, type ProcessRunner } from '@insula/kernel'
import { TemplateFailed } from '../../failure.ts'
import type { AppPackage } from '../app.ts'
import { explainApt } from './apt-failure.ts'
import { keptLists } from './kept-lists.ts'
import { type AptTree, makeAptTree } from './apt-tree.ts'
import { fieldOf, formatStanzas, parseStanzas, type Stanza, withField } from './control.ts'

export interface ClosureNeed {
  readonly runner: ProcessRunner
  /** Empty directory for what apt needs; the packages are left in `archives` below it. */
  readonly work: string
  /** Where lists of packages are kept between builds. */
  readonly lists?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onLine?: ((line: string) => void) | undefined
}

export interface Closure {
  readonly wanted: readonly { readonly name: string; readonly version: string }[]
  readonly packages: readonly (AppPackage & {
    /** Where it lies now. */
    readonly path: string
  })[]
  /** Its index, as an archive has one. */
  readonly stanzas: readonly Stanza[]
}

const DEADLINE_MS = 30 * 60_000

/**
 * @param app "app nginx for debian-12"
 * @param names "nginx", "nginx=1.22.*" @throws TemplateFailed
 */
export async function fetchClosure(app: string, names: readonly string[], tree: AptTree, need: ClosureNeed): Promise<Closure> {
  const { work, signal } = need
  const config = await makeAptTree(work, tree)
  const apt = async (tool: 'apt-get' | 'apt-cache', ...args: string[]): Promise<string> => {
    // What does not fit together is told on stdout.
    const said: string[] = []
    try {
      const options = {
        env: { APT_CONFIG: config, DEBIAN_FRONTEND: 'noninteractive', TMPDIR: work },
        deadline: DEADLINE_MS,
        onLine: (line: string) => {
          said.push(line)
          need.onLine?.(line)
        },
        ...(signal ? { signal } : {}),
      }
      return (await need.runner.run([...ALONE, tool, ...args], options)).stdout
    } catch (error) {
      signal?.throwIfAborted()
      throw error instanceof ProcessFailed ? explainApt(error, app, said) : error
    }
  }
  const kept = need.lists === undefined ? null : keptLists(need.lists, tree, need.runner)
  const lists = join(work, 'state/lists')
  // What is kept may be anything by now; apt without it is slower.
  await kept?.load(lists).catch(() => undefined)
  await apt('apt-get', '--quiet', 'update')
  await kept?.save(lists).catch(() => undefined)
  await apt('apt-get', '--quiet', '--yes', '--download-only', 'install', ...names)
  const files = (await readdir(join(work, 'cache/archives'))).filter((file) => file.endsWith('.deb')).toSorted()
  const known = new Map<string, Stanza>()
  if (files.length > 0)
    for (const stanza of parseStanzas(await apt('apt-cache', '--no-all-versions', 'show', ...files.map(nameAndVersion))))
      known.set(fileOf(stanza), stanza)
  const packages = await Promise.all(files.map((file) => verified(app, work, file, known.get(file))))
  return {
    wanted: wantedOf(app, names, [...known.values(), ...parseStanzas(String(Buffer.from(tree.status)))]),
    packages,
    stanzas: packages.map(({ file }) => withField(known.get(file) ?? [], 'Filename', `./${file}`)),
  }
}

export const formatIndex = (stanzas: readonly Stanza[]): string => formatStanzas(stanzas)

/** In a process namespace of its own: when it is killed, the programs that fetch go with it. unshare(1) */
const ALONE = ['unshare', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc', '--'] as const

/** "nginx_1%3a2.0-1_amd64.deb": colons of versions are escaped. */
export function nameAndVersion(file: string): string {
  const [name = '', version = ''] = file.replace(/\.deb$/, '').split('_')
  return `${name}=${decodeURIComponent(version)}`
}

function fileOf(stanza: Stanza): string {
  const field = (name: string): string => fieldOf(stanza, name) ?? ''
  return `${field('Package')}_${field('Version').replaceAll(':', '%3a')}_${field('Architecture')}.deb`
}

/** apt has compared it with the signed lists. What it is compared with here is what will be written down. */
async function verified(app: string, work: string, file: string, stanza: Stanza | undefined) {
  const path = join(work, 'cache/archives', file)
  const field = (name: string): string => (stanza && fieldOf(stanza, name)) ?? ''
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  const sha256 = hash.digest('hex')
  if (sha256 !== field('SHA256').toLowerCase())
    throw new TemplateFailed(
      'signature',
      `${app} could not be built: ${file} has the digest ${sha256}, and its archive says ${field('SHA256') || 'none'}`,
      'try again later, or use another mirror',
    )
  const [name, version, architecture, size] = [field('Package'), field('Version'), field('Architecture'), Number(field('Size'))]
  return { name, version, architecture, sha256, size, file, path }
}

function wantedOf(app: string, names: readonly string[], stanzas: readonly Stanza[]): Closure['wanted'] {
  return names.map((text) => {
    const [name = ''] = text.split(/[=:]/)
    const found = stanzas.find((stanza) => fieldOf(stanza, 'Package') === name)
    const version = found && fieldOf(found, 'Version')
    if (version) return { name, version }
    throw new TemplateFailed(
      'failed',
      `${app} could not be built: ${name} is no package itself`,
      'name the package that provides it in the definition',
    )
  })
}
