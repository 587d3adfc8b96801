import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { allModules, ROOT } from './imports.ts'

/** A module that is longer has more than one reason to change. */
const LONGEST = 350
const SHOWN = 5

test('modules are short', async (t) => {
  const modules = (await allModules()).filter(({ file }) => file.startsWith('packages/') || file.startsWith('setup/'))
  const longest = modules.toSorted((a, b) => b.lines - a.lines)
  for (const { file, lines } of longest.slice(0, SHOWN)) t.diagnostic(`${lines} lines: ${file}`)
  assert.ok(modules.length > 100)
  assert.deepEqual(
    longest.filter(({ file, lines }) => lines > LONGEST && !file.endsWith('.test.ts')).map(({ file }) => file),
    [],
  )
})

/** Written in pieces, or this file would find itself. */
const FORBIDDEN: Readonly<Record<string, RegExp>> = {
  "somebody's path": new RegExp(String.raw`(?<![\w.@-])/(?:${['wo', 'rk'].join('')}|home/\w+)/`),
  'a package mirror or registry': new RegExp(
    [
      ['deb', 'debian', 'org'],
      ['security', 'debian', 'org'],
      ['registry', 'npmjs', 'org'],
    ]
      .map((parts) => parts.join(String.raw`\.`))
      .join('|'),
  ),
}

test('no file names a path of one machine, or where packages come from', () => {
  const files = filesBelow(ROOT)
  assert.ok(files.length > 100)
  const found = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    return Object.entries(FORBIDDEN)
      .filter(([, pattern]) => pattern.test(text))
      .map(([what]) => `${file} has ${what}: ${FORBIDDEN[what]?.exec(text)?.[0]}`)
  })
  assert.deepEqual(found, [])
})

/** Without what git does not keep. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (LEFT_OUT.has(entry.name)) return []
    if (entry.isDirectory()) return filesBelow(path)
    return entry.isFile() && !entry.name.endsWith('.log') ? [path] : []
  })
}
const LEFT_OUT = new Set(['node_modules', '.git', 'coverage', 'results'])
