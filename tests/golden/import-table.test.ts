import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TABLE, violations } from './import-table.ts'
import { allModules, parseModule, ROOT } from './imports.ts'

const modules = await allModules()

/** A report over nothing would be green. */
test('modules of every package were read, and their imports', () => {
  const packages = readdirSync(join(ROOT, 'packages'))
  assert.deepEqual(packages.toSorted(), Object.keys(TABLE).toSorted())
  for (const name of packages) {
    const own = modules.filter(({ file }) => file.startsWith(`packages/${name}/src/`))
    assert.ok(own.length >= 5, `${name}: ${own.length} modules`)
    assert.ok(own.flatMap(({ imports }) => imports).length >= 5, `${name}: hardly an import`)
  }
})

test('nobody imports what the table forbids', () => {
  assert.deepEqual(modules.flatMap(violations), [])
})

const importsOf = (file: string, source: string): string[] => violations({ file, ...parseModule(source), lines: 1 })

for (const [file, source] of [
  ['packages/model/src/a.ts', `import { readFileSync } from 'node:fs'`],
  ['packages/model/src/a.ts', `import type { Stats } from 'node:fs'`],
  ['packages/model/src/a.ts', `import { z } from 'zod'`],
  ['packages/model/src/a.ts', `import { routes } from '@insula/contract'`],
  ['packages/kernel/src/a.ts', `import type { Vps } from '@insula/contract'`],
  ['packages/kernel/src/a.ts', `export type { Vps } from '@insula/contract'`],
  ['packages/kernel/src/a.ts', `let a: typeof import('@insula/contract')`],
  ['packages/vzfs/src/a.ts', `import { parseIpv4 } from '@insula/model'`],
  // The module is loaded all the same.
  ['packages/vzfs/src/a.ts', `import { type Cidr } from '@insula/model'`],
  ['packages/vzfs/src/a.ts', `export { parseIpv4 } from '@insula/model'`],
  ['packages/vzfs/src/a.ts', `import koffi from 'koffi'`],
  ['packages/vzfs/src/a.ts', `await import('@insula/contract')`],
  ['packages/vzfs/src/a.ts', `import { libc } from '../../kernel/src/libc/libc.ts'`],
  ['packages/cli/src/a.ts', `import { realLinks } from '@insula/kernel'`],
  ['packages/node/src/a.ts', `import { spawn } from 'node:child_process'`],
  ['packages/kernel/src/a.ts', `import type { ChildProcess } from 'node:child_process'`],
  ['packages/node/src/a.ts', `export default 1`],
  ['packages/fleet/src/a.ts', `import { z } from 'zod'`],
] as const) {
  test(`refused in ${file}: ${source}`, () => {
    assert.equal(importsOf(file, source).length, 1)
  })
}

for (const [file, source] of [
  ['packages/model/src/a.ts', `import type { Vps } from '@insula/contract'`],
  ['packages/model/src/a.test.ts', `import { test } from 'node:test'`],
  ['packages/vzfs/src/a.ts', `import type { Cidr } from '@insula/model'\nimport { realFileCalls } from '@insula/kernel'`],
  ['packages/kernel/src/process/real.ts', `import { spawn } from 'node:child_process'`],
  ['packages/node/src/life/a.ts', `import { b } from '../b.ts'`],
] as const) {
  test(`allowed in ${file}: ${source.replace('\n', '; ')}`, () => {
    assert.deepEqual(importsOf(file, source), [])
  })
}
