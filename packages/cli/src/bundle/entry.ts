/** Where the bundle begins. In it, `__dirname` is node_modules/.insula-cli. */

import { readFileSync, statSync } from 'node:fs'
import { run } from '../run.ts'
import { SOURCES_FILE } from './sources-file.ts'

const root = `${__dirname}/../..`

/** Somebody works on the sources: what they wrote counts. */
function outdated(): boolean {
  const { mtimeMs } = statSync(`${__dirname}/${SOURCES_FILE}`)
  const sources = readFileSync(`${__dirname}/${SOURCES_FILE}`, 'utf8').split('\n')
  return sources.some(
    (file) => (statSync(`${root}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY) > mtimeMs,
  )
}

if (outdated()) void import(`${root}/packages/cli/src/main.ts`)
else void run(process.argv.slice(2)).then((code) => process.exit(code))
