/** Where the bundle begins. In it, `__dirname` is the bundle's directory. */

import { readFileSync, statSync } from 'node:fs'
import { run } from '../run.ts'
import { SOURCES_FILE } from './sources-file.ts'

/** What to run instead: somebody works on the sources, and what they wrote counts. null: nothing is newer than the bundle. */
function newerSources(): string | null {
  const list = `${__dirname}/${SOURCES_FILE}`
  const { mtimeMs } = statSync(list)
  const sources = readFileSync(list, 'utf8')
    .split('\n')
    .map((file) => `${__dirname}/${file}`)
  const newer = (file: string) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY) > mtimeMs
  return sources.some(newer) ? (sources[0] ?? null) : null
}

const sources = newerSources()
if (sources === null) void run(process.argv.slice(2)).then((code) => process.exit(code))
else void import(sources)
