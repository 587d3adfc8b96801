/**
 * The packages of a tree, kept in the tree while it lies in a cache: hashes of packages are known only to whom the indexes are at hand
 * that it was installed from.
 */

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Package } from './package.ts'

const FILE = '.insula-packages.json'

export const putPackageList = (tree: string, packages: readonly Package[]): Promise<void> =>
  writeFile(join(tree, FILE), JSON.stringify(packages), { flag: 'wx' })

/** null when there is none. It is not there any more then. */
export async function takePackageList(tree: string): Promise<Package[] | null> {
  const text = await readFile(join(tree, FILE), 'utf8').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return null
    throw error
  })
  await rm(join(tree, FILE), { force: true })
  return text === null ? null : (JSON.parse(text) as Package[])
}
