/** Files that setup puts on the machine: whole or not at all. */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Work } from './work.ts'

/** null when it cannot be read. */
export function contentsOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

export function writeWhole(file: string, contents: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true })
  const unfinished = `${file}.unfinished`
  try {
    writeFileSync(unfinished, contents, { mode })
    renameSync(unfinished, file)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

/** Nothing when the file is as wanted. */
export function placeFile(file: string, contents: string): Work[] {
  return contentsOf(file) === contents ? [] : [{ what: `write ${file}`, run: async () => writeWhole(file, contents) }]
}
