/** Makes an installed system of RPM packages into one that many VPSs can start from. */

import { DatabaseSync } from 'node:sqlite'
import { ConfinedTree } from '../confined-tree.ts'
import type { RpmRecipe } from './recipe.ts'
import { writeForSystem } from './repositories.ts'

export async function finishRpm(path: string, { repositories }: RpmRecipe): Promise<void> {
  await writeForSystem(repositories, await ConfinedTree.open(path))
}

/** What installing leaves behind. */
export async function cleanRpm(path: string, { database }: RpmRecipe): Promise<void> {
  const tree = await ConfinedTree.open(path)
  await oneFile(tree, `${database}/rpmdb.sqlite`)
  // As hier(7) has them; something was mounted there, which hides them from rpm.
  for (const name of ['/proc', '/sys']) await tree.directory(name, 0o555)
  // Device nodes come from the runtime; a node in a template would be one in every VPS.
  for (const directory of ['/dev', '/run', '/tmp', '/var/tmp', '/var/cache/dnf', '/var/cache/ldconfig', '/var/lib/dnf'])
    await tree.clear(directory)
  // dnf's own, of the build; what else lies in /var/log belongs to packages.
  for (const name of await tree.names('/var/log'))
    if (/^(?:dnf|hawkey)\b.*\.log/.test(name)) await tree.remove(`/var/log/${name}`)
  await tree.remove(`${database}/.rpm.lock`)
  await tree.emptyFiles('/var/log')
  await tree.renew('/var/log/journal')
}

/** rpm leaves its database as a file with a log beside it. */
async function oneFile(tree: ConfinedTree, path: string): Promise<void> {
  const place = await tree.file(path)
  if (place === null) return
  const database = new DatabaseSync(place)
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    // The last one to close it removes the log.
    database.close()
  }
}
