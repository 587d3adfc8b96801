/** Repositories besides Debian's own: their keys where apt reads them, and what apt is told. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfinedTree } from '../confined-tree.ts'
import type { DebianRepository } from './recipe.ts'

const KEYRINGS = '/etc/apt/keyrings'

/** apt tells by the ending what a file of keys is. sources.list(5), signed-by */
function keyFiles({ name, keys }: DebianRepository): { readonly file: string; readonly bytes: Uint8Array }[] {
  return keys.map((bytes, at) => {
    const armored = Buffer.from(bytes).subarray(0, 64).includes('-----BEGIN')
    return { file: `${name}-${at + 1}.${armored ? 'asc' : 'gpg'}`, bytes }
  })
}

/** For the build itself. @returns lines of sources.list, whose keys lie in `work` */
export async function sourcesWhileBuilding(repositories: readonly DebianRepository[], work: string): Promise<string[]> {
  const directory = join(work, 'keyrings')
  await mkdir(directory, { recursive: true })
  const lines: string[] = []
  for (const repository of repositories) {
    const keys = keyFiles(repository)
    for (const { file, bytes } of keys) await writeFile(join(directory, file), bytes)
    const signedBy = keys.map(({ file }) => join(directory, file)).join(',')
    const { address, suites, components } = repository
    lines.push(...suites.map((suite) => `deb [signed-by=${signedBy}] ${address} ${suite} ${components.join(' ')}`))
  }
  return lines
}

/** For the system's own apt. */
export async function writeRepositories(repositories: readonly DebianRepository[], tree: ConfinedTree): Promise<void> {
  for (const repository of repositories) {
    const keys = keyFiles(repository)
    for (const { file, bytes } of keys) await tree.write(`${KEYRINGS}/${file}`, bytes)
    const { name, address, suites, components } = repository
    await tree.write(
      `/etc/apt/sources.list.d/${name}.sources`,
      `Types: deb\nURIs: ${address}\nSuites: ${suites.join(' ')}\nComponents: ${components.join(' ')}\nSigned-By: ${keys.map(({ file }) => `${KEYRINGS}/${file}`).join(' ')}\n`,
    )
  }
}
