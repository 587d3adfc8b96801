/**
 * Exit code 0 when node_modules holds what package-lock.json asks for, by npm's own list of what it installed. Compared by contents, so it
 * does not matter whether `npm ci` or `npm install` brought it. The names of what differs are printed. --omit-dev: without what only
 * tests and checks need.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { differingPackages, type Lock } from './locked-packages.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string): Lock => JSON.parse(readFileSync(join(root, file), 'utf8')) as Lock

const { values } = parseArgs({ options: { 'omit-dev': { type: 'boolean', default: false } } })
const differing = differingPackages(read('package-lock.json'), read('node_modules/.package-lock.json'), {
  omitDev: values['omit-dev'],
})
console.log(differing.join('\n'))
process.exitCode = differing.length === 0 ? 0 : 1
