/** What every Lxcfs does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Lxcfs } from './lxcfs.ts'

export interface LxcfsSubject {
  readonly lxcfs: Lxcfs
  /** Two different places, for two at once. */
  readonly places: readonly [LxcfsPlace, LxcfsPlace]
  readonly crash: (pid: number) => void
  readonly hang: (pid: number) => void | Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export interface LxcfsPlace {
  readonly mountPoint: string
  readonly pidFile: string
}

export function lxcfsConformance(name: string, open: () => Promise<LxcfsSubject>): void {
  describe(`${name} is a Lxcfs`, () => {
    let subject: LxcfsSubject
    let lxcfs: Lxcfs
    let mountPoint = ''
    let pidFile = ''
    before(async () => {
      subject = await open()
      lxcfs = subject.lxcfs
      ;({ mountPoint, pidFile } = subject.places[0])
    })
    after(() => subject[Symbol.asyncDispose]())
    const responds = (): Promise<boolean> => lxcfs.responds(mountPoint, 2_000)

    test('serves from start to stop; stop twice', async () => {
      assert.deepEqual([lxcfs.alive(mountPoint), await responds()], [false, false])
      const { pid, ended } = await lxcfs.start(mountPoint, pidFile)
      assert.deepEqual([lxcfs.alive(mountPoint), await responds()], [true, true])
      await lxcfs.stop(mountPoint, pid)
      await ended
      assert.deepEqual([lxcfs.alive(mountPoint), await responds()], [false, false])
      await lxcfs.stop(mountPoint, pid)
      await lxcfs.stop(mountPoint, null)
    })

    test('after a crash it is not alive, and another can be started on the dead mount', async () => {
      const first = await lxcfs.start(mountPoint, pidFile)
      subject.crash(first.pid)
      await first.ended
      assert.deepEqual([lxcfs.alive(mountPoint), await responds()], [false, false])
      const second = await lxcfs.start(mountPoint, pidFile)
      assert.notEqual(second.pid, first.pid)
      assert.equal(await responds(), true)
      await lxcfs.stop(mountPoint, second.pid)
      await second.ended
    })

    test('one that hangs is found out, and stopped all the same', async () => {
      const { pid, ended } = await lxcfs.start(mountPoint, pidFile)
      await subject.hang(pid)
      assert.equal(await lxcfs.responds(mountPoint, 200), false)
      await lxcfs.stop(mountPoint, pid)
      await ended
      assert.equal(await responds(), false)
    })

    test('two at once do not know of each other', async () => {
      const [one, two] = subject.places
      const first = await lxcfs.start(one.mountPoint, one.pidFile)
      const second = await lxcfs.start(two.mountPoint, two.pidFile)
      await lxcfs.stop(one.mountPoint, first.pid)
      assert.equal(await lxcfs.responds(one.mountPoint, 2_000), false)
      assert.equal(await lxcfs.responds(two.mountPoint, 2_000), true)
      await lxcfs.stop(two.mountPoint, second.pid)
    })
  })
}
