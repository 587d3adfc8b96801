import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const AHEAD = join(import.meta.dirname, 'compile-ahead.ts')
/** Whether the process that runs it has loaded Node's compiler for TypeScript, and that nothing of it ran before. */
const PROGRAM = `import { ran } from './other.ts'
const loaded: boolean = process.moduleLoadList.some((name: string) => name.includes('amaro'))
console.log(JSON.stringify({ loaded, ran }))`

test('a program that was compiled ahead starts without the compiler, and has not run before', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'insula-ahead-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  writeFileSync(join(directory, 'program.ts'), PROGRAM)
  writeFileSync(join(directory, 'other.ts'), "console.error('ran')\nexport const ran: number = 1\n")
  const node = (cache: string, ...args: string[]): string =>
    execFileSync(process.execPath, args, { env: { NODE_COMPILE_CACHE: join(directory, cache) }, encoding: 'utf8', stdio: 'pipe' })
  const program = join(directory, 'program.ts')

  assert.deepEqual(JSON.parse(node('other', program)), { loaded: true, ran: 1 })
  assert.equal(node('cache', AHEAD, directory, 'prog*.ts'), '')
  assert.deepEqual(JSON.parse(node('cache', program)), { loaded: false, ran: 1 })
})
