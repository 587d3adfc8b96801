/** Repositories and their keys, for the build and for the system's own dnf. dnf.conf(5), REPO OPTIONS */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfinedTree } from '../confined-tree.ts'
import type { RpmRepository } from './recipe.ts'

const OWN_KEYS = '/etc/pki/rpm-gpg'
const OWN_REPOSITORIES = '/etc/yum.repos.d'

const keyFiles = ({ name, keys }: RpmRepository) =>
  keys.map((bytes, at) => ({ file: `RPM-GPG-KEY-insula-${name}-${at + 1}`, bytes }))

function stanza(one: RpmRepository, keys: string): string {
  const { name, address, mirrorList, metalink, signedMetadata } = one
  const where = [
    ['baseurl', address],
    ['mirrorlist', mirrorList],
    ['metalink', metalink],
  ].flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
  const urls = keyFiles(one).map(({ file }) => `file://${keys}/${file}`)
  const lines = ['enabled=1', 'gpgcheck=1', `repo_gpgcheck=${signedMetadata ? 1 : 0}`, `gpgkey=${urls.join(' ')}`]
  return [`[${name}]`, `name=${name}`, ...where, ...lines, ''].join('\n')
}

/** @param directory becomes dnf's reposdir */
export async function writeForBuild(repositories: readonly RpmRepository[], directory: string): Promise<void> {
  const keys = join(directory, 'keys')
  await mkdir(keys, { recursive: true })
  for (const one of repositories) {
    for (const { file, bytes } of keyFiles(one)) await writeFile(join(keys, file), bytes)
    await writeFile(join(directory, `${one.name}.repo`), stanza(one, keys))
  }
}

/** A repository that the system's own packages have set up under the same name stays as it is. */
export async function writeForSystem(repositories: readonly RpmRepository[], tree: ConfinedTree): Promise<void> {
  const there = new Set<string>()
  for (const name of (await tree.names(OWN_REPOSITORIES)).filter((each) => each.endsWith('.repo'))) {
    const text = await tree.read(`${OWN_REPOSITORIES}/${name}`)
    for (const [, id = ''] of (text ?? '').matchAll(/^\[([^\]]+)\]/gm)) there.add(id)
  }
  for (const one of repositories) {
    if (there.has(one.name)) continue
    for (const { file, bytes } of keyFiles(one)) await tree.write(`${OWN_KEYS}/${file}`, bytes)
    await tree.write(`${OWN_REPOSITORIES}/${one.name}.repo`, stanza(one, OWN_KEYS))
  }
}
