import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  linkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realFileCalls, realQuota } from '@insula/kernel'
import { VzfsError } from './errors.ts'
import { openVzfs } from './open.ts'
import { scratchVolume } from './testing/scratch-volume.ts'

const code = (expected: string) => (error: unknown) => error instanceof VzfsError && error.code === expected

async function withLayer(t: TestContext) {
  const volume = await scratchVolume(t)
  const source = await volume.vzfs.scratch()
  chmodSync(source, 0o1751)
  chownSync(source, 5, 6)
  await volume.vzfs.layers.build('os@1', source)
  return volume
}

test('an area has what an overlay needs, and only root gets near it', async (t) => {
  const { vzfs } = await withLayer(t)
  assert.deepEqual(await vzfs.areas.create(101, 700_000, ['os@1'], { name: 'web' }), { id: 101, base: 700_000, layers: ['os@1'] })
  const plan = await vzfs.areas.plan(101)
  assert.deepEqual(plan.layers, [join(vzfs.path, 'layers/os@1/tree')])
  assert.deepEqual(
    [plan.pool, plan.upper, plan.work],
    ['pool', 'areas/101/upper', 'areas/101/work'].map((part) => join(vzfs.path, part)),
  )
  for (const option of ['metacopy=on', 'redirect_dir=on']) assert.ok(plan.options.includes(option))
  const upper = lstatSync(plan.upper)
  assert.deepEqual([upper.mode & 0o7777, upper.uid, upper.gid], [0o1751, 700_005, 700_006])
  for (const part of ['areas', 'areas/101', 'layers', 'pool', 'tmp', 'trash']) {
    const { mode, uid } = lstatSync(join(vzfs.path, part))
    assert.deepEqual([mode & 0o777, uid], [0o700, 0], part)
  }
  // An OCI runtime walks to the root directory as the owner of the area.
  for (const path of [vzfs.path, plan.root]) assert.equal(lstatSync(path).mode & 0o111, 0o111)
})

test('create, list, show, record, remove', async (t) => {
  const { vzfs } = await withLayer(t)
  for (const id of [101, 9, 20]) await vzfs.areas.create(id, 700_000 + id * 65_536, ['os@1'], { id })
  assert.deepEqual(
    (await vzfs.areas.list()).map((area) => area.id),
    [9, 20, 101],
  )
  assert.deepEqual(await vzfs.areas.show(9), { id: 9, base: 700_000 + 9 * 65_536, layers: ['os@1'] })
  assert.equal(await vzfs.areas.show(10), null)
  assert.deepEqual(await vzfs.areas.readRecord(20), { id: 20 })
  await vzfs.areas.writeRecord(20, { id: 20, name: 'größe' })
  assert.deepEqual(await vzfs.areas.readRecord(20), { id: 20, name: 'größe' })
  assert.equal(await vzfs.areas.readRecord(10), null)
  await vzfs.areas.remove(20)
  await vzfs.areas.remove(20)
  assert.equal(await vzfs.areas.show(20), null)
  await vzfs.idle()
  assert.deepEqual(readdirSync(join(vzfs.path, 'trash')), [])
  assert.deepEqual(readdirSync(join(vzfs.path, 'tmp')), [])
})

test('what is wrong is refused, and nothing is made', async (t) => {
  const { vzfs } = await withLayer(t)
  await vzfs.areas.create(1, 700_000, ['os@1'], null)
  await assert.rejects(vzfs.areas.create(1, 800_000, ['os@1'], null), code('area_exists'))
  await assert.rejects(vzfs.areas.create(2, 800_000, ['os@2'], null), code('layer_unknown'))
  await assert.rejects(vzfs.areas.create(2, 800_000, ['os@1', 'app@1'], null), code('layer_unknown'))
  await assert.rejects(vzfs.areas.create(2, 800_000, [], null), code('unsuitable'))
  await assert.rejects(vzfs.areas.create(2, 800_000, ['../os'], null), code('name_invalid'))
  await assert.rejects(vzfs.areas.create(0, 800_000, ['os@1'], null), code('name_invalid'))
  await assert.rejects(vzfs.areas.create(2, -1, ['os@1'], null), code('name_invalid'))
  await assert.rejects(vzfs.areas.plan(2), code('area_unknown'))
  await assert.rejects(vzfs.areas.usage(2), code('area_unknown'))
  await assert.rejects(vzfs.areas.writeRecord(2, {}), code('area_unknown'))
  await vzfs.idle()
  assert.deepEqual(readdirSync(join(vzfs.path, 'areas')), ['1'])
  assert.deepEqual(readdirSync(join(vzfs.path, 'tmp')), [])
})

test('of many who create the same area one gets it', async (t) => {
  const { vzfs } = await withLayer(t)
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) => vzfs.areas.create(7, 700_000 + index, ['os@1'], { index })),
  )
  const winner = results.find((result) => result.status === 'fulfilled')
  assert.equal(results.filter((result) => result.status === 'rejected' && code('area_exists')(result.reason)).length, 9)
  assert.equal((await vzfs.areas.show(7))?.base, winner?.value.base)
  assert.deepEqual(await vzfs.areas.readRecord(7), { index: (winner?.value.base ?? 0) - 700_000 })
})

test('damaged files are named', async (t) => {
  const { vzfs } = await withLayer(t)
  await vzfs.areas.create(1, 700_000, ['os@1'], { a: 1 })
  const [record, info] = ['record.json', 'area.json'].map((name) => join(vzfs.path, 'areas/1', name))
  assert.ok(record && info)
  truncateSync(record, 3)
  await assert.rejects(vzfs.areas.readRecord(1), (error) => code('damaged')(error) && (error as Error).message.includes(record))
  for (const text of [
    '',
    '[]',
    '{"id":2,"base":1,"layers":["os@1"]}',
    '{"id":1,"base":-1,"layers":["os@1"]}',
    '{"id":1,"base":1,"layers":["../x"]}',
  ]) {
    writeFileSync(info, text)
    await assert.rejects(vzfs.areas.show(1), (error) => code('damaged')(error) && (error as Error).message.includes(info), text)
  }
})

test('what an area lacks is said, and its description is written anew', async (t) => {
  const { vzfs } = await withLayer(t)
  const area = await vzfs.areas.create(1, 700_000, ['os@1'], { a: 1 })
  const info = join(vzfs.path, 'areas/1/area.json')
  assert.equal(await vzfs.areas.problem(1), null)
  for (const harm of [() => truncateSync(info, 3), () => rmSync(info), () => writeFileSync(info, '{}')]) {
    harm()
    const problem = await vzfs.areas.problem(1)
    assert.ok(problem?.mendable && problem.message.startsWith(info), problem?.message)
    await assert.rejects(vzfs.areas.mend({ ...area, layers: ['os@2'] }), code('layer_unknown'))
    await vzfs.areas.mend(area)
    assert.equal(await vzfs.areas.problem(1), null)
    assert.deepEqual(await vzfs.areas.show(1), area)
  }
  assert.deepEqual(await vzfs.areas.readRecord(1), { a: 1 })
  assert.deepEqual(await vzfs.areas.problem(2), { message: `${join(vzfs.path, 'areas/2')} is missing`, mendable: false })
  await assert.rejects(vzfs.areas.mend({ ...area, id: 2 }), code('area_unknown'))
  await vzfs.idle()
  assert.deepEqual(readdirSync(join(vzfs.path, 'tmp')), [])
})

test('usage counts blocks of private files, each file once', async (t) => {
  const { vzfs } = await withLayer(t)
  await vzfs.areas.create(1, 700_000, ['os@1'], null)
  const { upper } = await vzfs.areas.plan(1)
  const empty = await vzfs.areas.usage(1)
  assert.equal(empty.inodes, 1)
  writeFileSync(join(upper, 'file'), Buffer.alloc(100_000, 1))
  linkSync(join(upper, 'file'), join(upper, 'again'))
  writeFileSync(join(upper, 'sparse'), '')
  truncateSync(join(upper, 'sparse'), 1 << 30)
  const use = await vzfs.areas.usage(1)
  assert.equal(use.inodes, 3)
  assert.ok(use.bytes - empty.bytes >= 100_000 && use.bytes - empty.bytes < 130_000, `${use.bytes}`)
})

test('a volume is open once, and unfinished work of a dead process is cleared away', async (t) => {
  const { vzfs, beside } = await withLayer(t)
  const need = { files: realFileCalls(), quota: realQuota, warn: () => {} }
  await assert.rejects(openVzfs(vzfs.path, need), code('volume_in_use'))
  await vzfs.areas.create(1, 700_000, ['os@1'], null)
  const scratch = await vzfs.scratch()
  writeFileSync(join(scratch, 'x'), 'x')
  await vzfs.close()

  writeFileSync(join(vzfs.path, 'trash/left'), 'x')
  const again = await openVzfs(`${vzfs.path}/`, need)
  assert.equal(again.path, vzfs.path)
  await again.idle()
  for (const part of ['tmp', 'trash']) assert.deepEqual(readdirSync(join(again.path, part)), [])
  assert.equal((await again.areas.list()).length, 1)
  assert.deepEqual(await again.check(), [])
  await again.close()
  await assert.rejects(openVzfs('relative/path', need), code('unsuitable'))
  assert.ok(existsSync(beside))
  assert.equal(readFileSync(join(vzfs.path, 'lock'), 'utf8'), '')
})

test('who fails to open a volume lets go of it', async (t) => {
  const { vzfs } = await withLayer(t)
  await vzfs.areas.create(7, 500_000, ['os@1'], null)
  writeFileSync(join(vzfs.path, 'areas/7/relink.json'), 'not JSON')
  await vzfs.close()
  const need = { files: realFileCalls(), quota: realQuota }
  const refuse = (message: string): never => {
    throw new Error(message)
  }
  await assert.rejects(openVzfs(vzfs.path, { ...need, warn: refuse }), /cannot be finished/)
  const told: string[] = []
  const again = await openVzfs(vzfs.path, { ...need, warn: (message) => told.push(message) })
  assert.equal(told.length, 1)
  await again.close()
})
