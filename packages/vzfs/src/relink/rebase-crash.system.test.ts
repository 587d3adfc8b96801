/** A move to other layers that is killed: the area is the old one or the new one, whole, and the next try finishes it. */

import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPipe, realFileCalls, realQuota, startAttached } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { filled } from '../testing/awkward-tree.ts'
import { inArea, seen } from '../testing/mounted-area.ts'
import { baseOf } from '../testing/power-states.ts'
import type { Vzfs } from '../vzfs.ts'

const PROGRAM = new URL('../testing/power-steps.ts', import.meta.url).pathname
/** More than a rebase moves. */
const MOST_STEPS = 10
const all = { share: 'all' as const }

const open = (path: string): Promise<Vzfs> =>
  openVzfs(path, { files: realFileCalls(), quota: realQuota, warn: (message) => assert.fail(message), threads: 1 })

/** Area 1 depends on its layers in each way that a rebase allows. */
async function prepared(path: string): Promise<void> {
  const vzfs = await open(path)
  for (const build of [0, 1]) {
    const source = await vzfs.scratch()
    for (const directory of ['bin', 'etc']) mkdirSync(join(source, directory))
    writeFileSync(join(source, 'bin/program'), filled(20_000, build))
    writeFileSync(join(source, 'bin/same'), filled(20_000, 9))
    writeFileSync(join(source, 'etc/same'), 'small and the same')
    await vzfs.layers.build(`os@${build}`, source)
  }
  for (const id of [1, 2]) {
    await vzfs.areas.create(id, baseOf(id), ['os@0'], null)
    await inArea(vzfs, id, (root) => {
      chmodSync(join(root, 'etc/same'), 0o600)
      appendFileSync(join(root, 'bin/same'), 'changed')
      renameSync(join(root, 'bin'), join(root, 'usr'))
      mkdirSync(join(root, 'srv'))
      for (let file = 0; file < 30; file++) writeFileSync(join(root, `srv/${file}`), filled(9_000, 20 + file))
    })
    await vzfs.areas.survey(id, all)
  }
  await vzfs.close()
}

test('a rebase that is killed at each of its moves, or at any moment, has been done or has not', async (t) => {
  const beside = mkdtempSync('/dev/shm/insula-rebase-')
  t.after(() => rmSync(beside, { recursive: true }))
  const whole = join(beside, 'whole')
  await prepared(whole)
  const vzfs = await open(whole)
  const before = await told(vzfs)
  await vzfs.areas.rebase(1, ['os@1'], all)
  const after = await told(vzfs)
  await vzfs.close()
  const found = { before: 0, after: 0 }

  /** @returns whether it came to its end */
  async function killed(at: { readonly step: number } | { readonly ms: number }): Promise<boolean> {
    const path = join(beside, 'volume')
    await prepared(path)
    const [orders, reports] = [openPipe(), openPipe()]
    const child = startAttached([process.execPath, PROGRAM, path, 'rebase'], { descriptors: [orders.read, reports.write, 2] })
    for (const end of [orders.read, reports.write]) closeSync(end)
    const word = Buffer.alloc(1)
    if ('ms' in at) {
      writeSync(orders.write, '.'.repeat(MOST_STEPS))
      await sleep(at.ms)
      process.kill(child.pid, 'SIGKILL')
    } else
      for (let step = 0; readSync(reports.read, word) > 0; step++)
        if (step === at.step) process.kill(child.pid, 'SIGKILL')
        else writeSync(orders.write, '.')
    for (const end of [orders.write, reports.read]) closeSync(end)
    const { code } = await child.ended
    const next = await open(path)
    await next.idle()
    assert.deepEqual(await next.check({ contents: true }), [])
    const [layer] = (await next.areas.show(1))?.layers ?? []
    const isNew = layer === 'os@1'
    assert.deepEqual(await told(next), isNew ? after : before)
    assert.deepEqual(
      [readdirSync(join(path, 'areas/1')), readdirSync(join(path, 'tmp'))],
      [['area.json', ...(isNew || code === 0 ? ['links', 'links.zst'] : linksOf(path)), 'record.json', 'upper', 'work'], []],
    )
    found[isNew ? 'after' : 'before'] += 1
    await next.areas.rebase(1, ['os@1'], all)
    assert.deepEqual(await told(next), after)
    await next.close()
    rmSync(path, { recursive: true })
    return code === 0
  }

  for (let step = 0; !(await killed({ step })); step++) assert.ok(step < MOST_STEPS)
  assert.deepEqual([found.before > 0, found.after > 1], [true, true])
  for (const ms of [250, 400, 550]) await killed({ ms })
  t.diagnostic(JSON.stringify(found))
})

/** A relink that was finished before the layers changed. */
const linksOf = (path: string): string[] => readdirSync(join(path, 'areas/1')).filter((name) => /^links(?:\.zst)?$/.test(name))

/** What is to be seen of it, but for times: each try begins with files of its own. */
const told = async (vzfs: Vzfs) =>
  new Map([...(await seen(vzfs, 1))].map(([path, entry]) => [path, { ...entry, mtime: 0n }] as const))
