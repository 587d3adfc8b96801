/** Which paths of an area may differ from what its layers have there: all others need not be read to be known. */

import { readdirSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { entryPath } from '../build/entry.ts'
import { join, statOrNull } from '../relink/lower.ts'
import { isOpaque, redirectOf } from '../relink/marks.ts'

/** @param trees its upper directory and its links */
export function touchedIn(files: FileCalls, trees: readonly Buffer[]): (path: string) => boolean {
  const things = new Set<string>()
  const whole = new Set<string>()
  for (const tree of trees) {
    const pending = ['']
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const at = entryPath(tree, path)
      if (statOrNull(at)?.isDirectory() !== true) {
        things.add(path)
        continue
      }
      // What it shows is found elsewhere, or nowhere.
      if (path !== '' && (isOpaque(files, at) || redirectOf(files, at) !== null)) whole.add(path)
      for (const name of readdirSync(at, { encoding: 'buffer' })) pending.push(join(path, name.toString('latin1')))
    }
  }
  return (path) => things.has(path) || isBelow(whole, path)
}

/** Whether a path or a directory above it is among these. */
export function isBelow(paths: ReadonlySet<string>, path: string): boolean {
  if (paths.size === 0) return false
  for (let cut = path.length; cut > 0; cut = path.lastIndexOf('/', cut - 1)) if (paths.has(path.slice(0, cut))) return true
  return false
}
