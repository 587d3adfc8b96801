/** Whether a new layer over the old ones shows what the area shows: everything is looked at, and contents are compared wherever they could differ. */

import type { FileCalls } from '@insula/kernel'
import { type Entry, entryPath, readablePath } from '../build/entry.ts'
import { sameContents } from '../build/same-contents.ts'
import { scan } from '../build/scan.ts'
import { VzfsError } from '../errors.ts'
import { namesOf, sameMetadata } from './differ.ts'
import { isBelow } from './touched.ts'
import type { Views } from './views.ts'

/** @param without what was to be left as the layers have it @throws VzfsError damaged */
export function confirm(files: FileCalls, views: Views, touched: (path: string) => boolean, without: ReadonlySet<string>): void {
  const kept = (entries: Entry[]): Entry[] => entries.filter(({ path }) => !isBelow(without, path))
  const [wanted, shown] = [kept(scan(files, views.area)), kept(scan(files, views.layers))]
  const there = new Map(shown.map((entry) => [entry.path, entry] as const))
  const [names, namesThere] = [namesOf(wanted), namesOf(shown)]
  for (const entry of wanted) {
    const found = there.get(entry.path)
    if (found === undefined) throw unlike(entry.path, 'it is missing')
    there.delete(entry.path)
    // A name that is gone still counts for those that a layer shows; of what was listed, the names that are seen are all.
    // The root directory is always shown as the upper one has it.
    if (entry.path === '') continue
    if (!sameMetadata({ ...entry, links: 1 }, { ...found, links: 1 })) throw unlike(entry.path, 'its metadata differ')
    if (names(entry).join('\n') !== namesThere(found).join('\n')) throw unlike(entry.path, 'it has other names')
    if (entry.kind === 'file' && touched(entry.path)) {
      const [mine, its] = [views.area, views.layers].map((root) => entryPath(root, entry.path))
      if (mine && its && !sameContents(mine, its)) throw unlike(entry.path, 'its contents differ')
    }
  }
  for (const path of there.keys()) throw unlike(path, 'it is not in the area')
}

function unlike(path: string, why: string): VzfsError {
  return new VzfsError('damaged', `the layer does not show what the area shows at /${readablePath(path)}: ${why}`)
}
