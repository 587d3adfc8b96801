import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import { test } from 'node:test'
import { realPrivateMounts } from './real.ts'

const mountsOn = (target: string): number =>
  readFileSync('/proc/thread-self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4] === target).length

test('a file system that is there already stays, as cgroup2 is on hosts that have nothing else; and nothing shows outside', () => {
  const place = mkdtempSync('/run/insula-test-')
  try {
    realPrivateMounts().inPrivateCopy((calls) => {
      for (let time = 0; time < 2; time++) calls.fileSystem('cgroup2', place)
      assert.equal(mountsOn(place), 1)
      assert.ok(existsSync(`${place}/cgroup.procs`))
      assert.throws(() => calls.fileSystem('nosuchtype', place), { code: 'ENODEV' })
    })
    assert.equal(mountsOn(place), 0)
  } finally {
    rmdirSync(place)
  }
})
