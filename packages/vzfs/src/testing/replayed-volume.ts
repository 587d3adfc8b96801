/**
 * `replayed-volume.ts DIRECTORY LOOKS`: a volume on which tenants work is looked at as the disk was at so many moments of that, each as if the power had gone then.
 * Says what it saw as a line of JSON. For the lab, whose kernel writes a disk's writes down.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls, realProcessRunner, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import type { Vzfs } from '../vzfs.ts'
import { loggedVolume } from './logged-volume.ts'
import { requireOwn, type Told } from './power-states.ts'
import { tenantsWork } from './tenants-work.ts'
import { momentsOf } from './write-log.ts'

const [directory = '', looks = ''] = process.argv.slice(2)
const ROUNDS = 2
const files = realFileCalls()
const runner = realProcessRunner()
const open = (path: string): Promise<Vzfs> =>
  openVzfs(path, { files, quota: realQuota, warn: (text) => assert.fail(text), threads: 2 })

const place = mkdtempSync(join(directory, 'replayed-'))
try {
  const told: Told[] = []
  await using volume = await loggedVolume(runner, place, `insula-${process.pid}`)
  const vzfs = await open(volume.path)
  await volume.mark('begun')
  const began = performance.now()
  await tenantsWork(
    files,
    vzfs,
    async (one) => {
      await volume.mark(`${told.push(one)}`)
    },
    ROUNDS,
  )
  await vzfs.close()
  const worked = performance.now() - began
  const history = await volume.end()
  const first = history.entries.findIndex(({ mark }) => mark === 'begun')
  assert.ok(first >= 0, 'the log has the first mark')
  const moments = momentsOf(history.entries, first, Number(looks))
  const seen: Record<string, number> = {}
  for (const moment of moments) {
    const last = history.entries.slice(0, moment).findLast(({ mark }) => mark !== null && mark !== 'begun')?.mark ?? '0'
    // What begins is said before it begins, so nothing else can be under way.
    const known = told.slice(0, Number(last))
    await history.at(moment, async (path) => {
      const found = await open(path)
      try {
        await found.idle()
        assert.deepEqual(await found.check({ contents: true }), [], `after ${moment} writes, ${last} times told`)
        await requireOwn(files, found, known, known, (what) => (seen[what] = (seen[what] ?? 0) + 1))
      } finally {
        await found.close()
      }
    })
  }
  const settled = history.entries.filter(({ settles }) => settles).length
  const sum = { writes: history.entries.length, settled, marks: told.length, looks: moments.length, seen }
  console.log(JSON.stringify({ ...sum, workedMs: Math.round(worked), lookedMs: Math.round(performance.now() - began - worked) }))
} finally {
  rmSync(place, { recursive: true, force: true })
}
