/** What every HostProbe does. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HostProbe, SysctlRefused } from './probe.ts'

/**
 * @param sysctl one that exists and holds a number; it is set to what it is
 * @param pid of a process that began since the given moment, and one that is not there
 */
export function probeConformance(
  name: string,
  sysctl: string,
  pids: { readonly lives: number; readonly since: number; readonly gone: number },
  open: () => HostProbe,
): void {
  describe(`${name} is a HostProbe`, () => {
    test('tells the machine', async () => {
      const features = await open().features()
      assert.ok(features.kernelRelease.startsWith(features.kernelVersion.join('.')))
      assert.ok(['unified', 'hybrid', 'legacy'].includes(features.cgroupMode))
      for (const controller of ['cpu', 'memory', 'pids']) assert.ok(features.controllers.includes(controller), controller)
      assert.ok(features.cpus.length > 0 && features.cpus.every(Number.isInteger))
      assert.ok(features.memoryBytes > 2 ** 20)
      for (const [tool, version] of Object.entries(features.tools)) assert.match(version, /^\d+\.\d+/, tool)
    })

    test('reads and sets a sysctl', async () => {
      const value = await open().sysctl(sysctl)
      assert.match(value ?? '', /^\d+$/)
      await open().setSysctl(sysctl, value ?? '')
      assert.equal(await open().sysctl(sysctl), value)
    })

    test('tells when a process began', async () => {
      const began = (await open().startOf(pids.lives)) ?? 0
      // The kernel counts in hundredths.
      assert.ok(began >= pids.since - 20 && began <= Date.now() + 20, `${began}, ${pids.since}`)
      assert.equal(await open().startOf(pids.gone), null)
    })

    test('tells that a process sleeps, after it has worked for a moment', async () => {
      for (let round = 0; (await open().activityOf(pids.lives))?.asleep !== true; round++) {
        assert.ok(round < 500)
        await sleep(10)
      }
      const { worked } = (await open().activityOf(pids.lives)) ?? { worked: 0 }
      assert.ok(worked > 0 && worked < 10_000, `${worked}`)
      assert.equal(await open().activityOf(pids.gone), null)
    })

    test('tells what a process hears, and that there is none', async () => {
      assert.equal(typeof (await open().hears(pids.lives, 15)), 'boolean')
      assert.equal(await open().hears(pids.gone, 15), null)
    })

    test('a sysctl that is not there', async () => {
      assert.equal(await open().sysctl('kernel.no_such_thing'), null)
      await assert.rejects(open().setSysctl('kernel.no_such_thing', '1'), (error: unknown) => {
        assert.ok(error instanceof SysctlRefused)
        assert.match(error.message, /^cannot set sysctl kernel\.no_such_thing to 1: this kernel has none of that name$/)
        return true
      })
    })
  })
}
