import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fakeHostProbe, fakeLinks, fakeProcessRunner, fakeVolumes } from '@insula/kernel/fakes'
import { instanceOf } from '@insula/node'
import type { Setting } from '../work.ts'
import { keptFiles, planFiles } from './files.ts'

test('what instances share stays while another serves, and is said to be kept for it', async (t) => {
  const runs = mkdtempSync(join(tmpdir(), 'insula-down-'))
  t.after(() => rmSync(runs, { recursive: true }))
  const setting: Setting = {
    instance: { ...instanceOf('dev'), run: join(runs, 'dev') },
    home: '/nowhere',
    machine: {
      runner: fakeProcessRunner([]),
      probe: fakeHostProbe(),
      links: fakeLinks(),
      volumes: fakeVolumes([]),
      systemd: false,
    },
    options: { demo: false, purge: true },
  }
  for (const name of ['dev', 'gone', 'insula']) mkdirSync(join(runs, name))
  assert.equal(keptFiles(setting), null)
  for (const name of ['dev', 'insula']) writeFileSync(join(runs, name, 'api.sock'), '')
  assert.match(
    keptFiles(setting) ?? '',
    /^kept for insula: the command insula with its completions, \/etc\/sysctl\.d\/60-insula\.conf$/,
  )
  assert.deepEqual(await planFiles(setting), [])
})
