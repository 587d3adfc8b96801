import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { processesBelow } from './view.ts'

const scratch = mkdtempSync('/tmp/insula-view-')
after(() => rmSync(scratch, { recursive: true }))

test('processes of a group and those below, parents first, and of so many groups only', () => {
  const group = (path: string, ...pids: number[]): void => {
    mkdirSync(join(scratch, path), { recursive: true })
    writeFileSync(join(scratch, path, 'cgroup.procs'), pids.map((pid) => `${pid}\n`).join(''))
  }
  group('vps/many/deep', 4)
  group('vps', 1)
  group('vps/system', 2, 3)
  group('vps/many')
  assert.deepEqual([...processesBelow(join(scratch, 'vps'))], [1, 2, 3, 4])
  assert.deepEqual([...processesBelow(join(scratch, 'gone'))], [])
  for (let index = 0; index < 600; index++) group(`vps/many/${index}`, 1_000 + index)
  const found = [...processesBelow(join(scratch, 'vps'))]
  assert.ok(found.length > 490 && found.length <= 503, `${found.length}`)
  assert.deepEqual(found.slice(0, 3), [1, 2, 3])
})
