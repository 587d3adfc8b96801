/** apt on the node as if it were in another system: everything that it reads and writes lies in a directory of its own. apt.conf(5) */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AptSetting, formatSetting } from '../../debian/apt-settings.ts'

export interface AptSourceLine {
  readonly address: string
  readonly suites: readonly string[]
  readonly components: readonly string[]
  readonly keys: readonly Uint8Array[]
}

export interface AptTree {
  /** /var/lib/dpkg/status of the system. */
  readonly status: string | Uint8Array
  readonly architecture: string
  readonly sources: readonly AptSourceLine[]
  /** Proxies and the like, of the node. */
  readonly settings: readonly AptSetting[]
}

/** @returns the file to be named in APT_CONFIG */
export async function makeAptTree(directory: string, { status, architecture, sources, settings }: AptTree): Promise<string> {
  for (const part of [
    'etc/preferences.d',
    'etc/trusted.gpg.d',
    'etc/parts',
    'etc/apt.conf.d',
    'state/lists/partial',
    'cache/archives/partial',
    'log',
    'keys',
  ])
    await mkdir(join(directory, part), { recursive: true })
  await writeFile(join(directory, 'status'), status)
  const lines: string[] = []
  for (const [index, source] of sources.entries()) {
    const keys: string[] = []
    for (const [at, key] of source.keys.entries()) {
      // apt tells the two kinds of key files apart by their names.
      const file = join(directory, 'keys', `${index}-${at}.${isArmoured(key) ? 'asc' : 'gpg'}`)
      await writeFile(file, key)
      keys.push(file)
    }
    for (const suite of source.suites)
      lines.push(`deb [signed-by=${keys.join(',')}] ${source.address} ${suite} ${source.components.join(' ')}`)
  }
  await writeFile(join(directory, 'etc/sources.list'), `${lines.join('\n')}\n`)
  const file = join(directory, 'apt.conf')
  await writeFile(file, configuration(directory, architecture, settings))
  return file
}

/** deb [option=value] ...: a suite that ends in "/" has no components. */
const isArmoured = (key: Uint8Array): boolean => Buffer.from(key.subarray(0, 64)).includes('-----BEGIN')

function configuration(directory: string, architecture: string, settings: readonly AptSetting[]): string {
  const own: AptSetting[] = [
    { name: 'Dir', value: `${directory}/` },
    { name: 'Dir::Etc', value: 'etc/' },
    { name: 'Dir::Etc::Parts', value: 'apt.conf.d' },
    { name: 'Dir::Etc::SourceList', value: 'sources.list' },
    { name: 'Dir::Etc::SourceParts', value: 'parts' },
    { name: 'Dir::Etc::Trusted', value: '/dev/null' },
    { name: 'Dir::Etc::TrustedParts', value: 'trusted.gpg.d' },
    { name: 'Dir::State', value: 'state/' },
    { name: 'Dir::State::status', value: join(directory, 'status') },
    { name: 'Dir::Cache', value: 'cache/' },
    { name: 'Dir::Log', value: 'log/' },
    { name: 'APT::Architecture', value: architecture },
    { name: 'APT::Architectures', value: architecture },
    // The directory is root's alone.
    { name: 'APT::Sandbox::User', value: 'root' },
    { name: 'APT::Install-Recommends', value: 'false' },
    { name: 'APT::Update::Error-Mode', value: 'any' },
    { name: 'Acquire::Languages', value: 'none' },
    { name: 'Acquire::Retries', value: '1' },
  ]
  return [...own, ...settings].map((setting) => `${formatSetting(setting)};\n`).join('')
}
