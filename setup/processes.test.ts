import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { instanceOf } from '@insula/node'
import { type Machine, realMachine } from './machine.ts'
import { start } from './processes.ts'
import { SetupFailed } from './work.ts'

test('with a configuration that cannot be read nothing is started and nothing waited for: what is wrong is said at once', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'insula-setup-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const configFile = join(directory, 'unit.json')
  const started: string[] = []
  const runner: Machine['runner'] = {
    async run([program]) {
      started.push(program)
      throw new Error('nothing runs in this test')
    },
  }
  const setting = {
    instance: { ...instanceOf('unit-test'), configFile, run: directory, logs: directory, apiSocket: join(directory, 'api.sock') },
    home: directory,
    machine: { ...realMachine(), runner },
    options: { demo: false, purge: false },
  }
  for (const [contents, reason] of [
    ['{', /^insulad of instance unit-test cannot start: \S+unit\.json is not JSON: /],
    ['{"adressPool":"10.1.0.0/16"}', /^insulad of instance unit-test cannot start: \S+unit\.json is not valid: .*adressPool/],
  ] as const) {
    writeFileSync(configFile, contents)
    await assert.rejects(start(setting), (error: unknown) => {
      assert.ok(error instanceof SetupFailed)
      assert.match(error.message, reason)
      assert.equal(error.remedy, `mend ${configFile}`)
      return true
    })
  }
  assert.deepEqual(started, [])
})
