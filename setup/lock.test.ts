import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { realProcessRunner } from '@insula/kernel'

test('who finds the lock taken is told which instance and process has it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'insula-lock-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const lock = join(directory, 'lock')
  const bash = (script: string) =>
    realProcessRunner().run(
      ['bash', '--norc', '-eu', '-c', `. setup/say.bash; . setup/lock.bash; SETUP_LOCK=$1; ${script}`, 'up', lock],
      { cwd: join(import.meta.dirname, '..'), accept: [0, 1] },
    )
  await bash('INSULA_SETUP_LOCKED=1; one_at_a_time /somewhere/down dev')
  assert.match(readFileSync(lock, 'utf8'), /^\.\/down of instance dev \(pid \d+\)\n$/)
  const { code, stderr } = await bash('exec 9>>"$1"; flock 9; one_at_a_time /bin/true insula')
  assert.equal(code, 1)
  assert.match(stderr, /^up: another is at work: \.\/down of instance dev \(pid \d+\)\nRemedy: wait until it is done\n$/)
})
