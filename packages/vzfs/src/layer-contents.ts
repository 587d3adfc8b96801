/** Where the contents of one file of a layer lie: in the pool, or in the layer where the file is too small for that. */

import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { METACOPY, REDIRECT } from './build/stub.ts'
import { errnoOf, VzfsError } from './errors.ts'
import { digestOfKey, parseLayerName, poolKey } from './names.ts'
import type { VolumePaths } from './volume-paths.ts'

/**
 * No link on the way is followed: what a layer was made of may have come from anywhere.
 * @param path in the layer, without a slash at the beginning
 * @returns null when there is no such file
 */
export async function layerContents(files: FileCalls, paths: VolumePaths, name: string, path: string): Promise<string | null> {
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new VzfsError('name_invalid', `${JSON.stringify(path.slice(0, 80))} is not the path of a file in a layer`)
  let at = paths.layer(parseLayerName(name)).tree
  for (const [index, part] of parts.entries()) {
    at = join(at, part)
    const stats = await lstat(at).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null
      throw error
    })
    if (stats === null) return null
    if (index === parts.length - 1 ? !stats.isFile() : !stats.isDirectory()) return null
  }
  const file = Buffer.from(at)
  if (files.getXattr(file, METACOPY) === null) return at
  const digest = digestOfKey(files.getXattr(file, REDIRECT)?.toString('latin1') ?? '')
  if (digest === null) throw new VzfsError('damaged', `${path} of layer ${name} names no contents of the pool`)
  return join(paths.pool, poolKey(digest))
}
