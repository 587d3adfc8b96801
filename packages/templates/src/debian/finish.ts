/** Makes an installed Debian into one that many VPSs can start from: what is one machine's own goes, what every VPS needs comes. */

import { ConfinedTree } from '../confined-tree.ts'
import { type AptSetting, formatSetting, settingsOfMirror } from './apt-settings.ts'
import type { Archive } from './archives.ts'
import { KEYRING, LEFT_BEHIND } from './mmdebstrap.ts'
import type { DebianRecipe } from './recipe.ts'
import { writeRepositories } from './repositories.ts'

export async function finishDebian(
  path: string,
  recipe: DebianRecipe,
  archives: readonly Archive[],
  settings: readonly AptSetting[],
): Promise<void> {
  const tree = await ConfinedTree.open(path)
  for (const left of LEFT_BEHIND) await tree.remove(left)
  await cleanDebian(path)
  await tree.clear('/etc/apt/sources.list.d')
  await tree.remove('/etc/apt/sources.list')
  await tree.write(
    '/etc/apt/sources.list.d/debian.sources',
    archives.map((archive) => stanza(archive, recipe.components ?? ['main'])).join('\n'),
  )
  const kept = settingsOfMirror(settings)
  if (kept.length > 0)
    await tree.write('/etc/apt/apt.conf.d/80mirror', kept.map((setting) => `${formatSetting(setting)};\n`).join(''))
  await writeRepositories(recipe.repositories ?? [], tree)
  for (const [name, contents] of Object.entries(recipe.files)) await tree.write(name, contents)
  for (const [name, target] of Object.entries(recipe.links)) await tree.link(name, target)
}

/** What installing leaves behind. */
export async function cleanDebian(path: string): Promise<void> {
  const tree = await ConfinedTree.open(path)
  // Device nodes come from the runtime; a node in a template would be one in every VPS.
  for (const directory of ['/dev', '/run', '/tmp', '/var/tmp']) await tree.clear(directory)
  // Their directories are apt's own: "dpkg --verify" looks for them.
  for (const directory of ['/var/lib/apt/lists', '/var/cache/apt']) await tree.clearFiles(directory)
  for (const name of ['passwd-old', 'status-old', 'diversions-old', 'statoverride-old'])
    await tree.remove(`/var/lib/dpkg/${name}`)
  await tree.remove('/var/cache/ldconfig/aux-cache')
  await tree.emptyFiles('/var/log')
  // systemd sets an access list here again at every start. One that comes from a template on XFS would name the node's groups once the
  // directory is copied up, because XFS shows its lists a second time as attributes that no id map is applied to.
  await tree.renew('/var/log/journal')
}

function stanza({ uri, suites }: Archive, components: readonly string[]): string {
  return `Types: deb\nURIs: ${uri}\nSuites: ${suites.join(' ')}\nComponents: ${components.join(' ')}\nSigned-By: ${KEYRING}\n`
}
