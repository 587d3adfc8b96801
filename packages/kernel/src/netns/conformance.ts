/** What every InNetworkOf does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { InNetworkOf } from './netns.ts'

export interface NetworkSubject {
  readonly inNetworkOf: InNetworkOf
  /** Two processes with networks of their own. */
  readonly pids: readonly [number, number]
  /** A pid that no process has. */
  readonly absent: number
  /** Names the network that the thread is in. */
  readonly here: () => unknown
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export function networkConformance(name: string, open: () => Promise<NetworkSubject>): void {
  describe(`${name} is an InNetworkOf`, () => {
    let subject: NetworkSubject
    before(async () => {
      subject = await open()
    })
    after(() => subject[Symbol.asyncDispose]())

    test('what is started is in the network of that process, and the thread is back afterwards', () => {
      const { here, inNetworkOf, pids } = subject
      const own = here()
      const seen = pids.map((pid) => inNetworkOf(pid, here))
      assert.equal(new Set([own, ...seen]).size, 3)
      assert.equal(here(), own)
      assert.deepEqual(
        pids.map((pid) => inNetworkOf(pid, here)),
        seen,
      )
    })

    test('the thread is back when the start throws, in the middle of another one too', () => {
      const { here, inNetworkOf, pids } = subject
      const [first, second] = pids
      const own = here()
      const thrower = (): never => {
        throw new Error('on purpose')
      }
      assert.throws(() => inNetworkOf(first, thrower), /on purpose/)
      assert.equal(here(), own)
      const between = inNetworkOf(first, () => {
        assert.throws(() => inNetworkOf(second, thrower), /on purpose/)
        return here()
      })
      assert.equal(between, inNetworkOf(first, here))
    })

    test('a process that is not there is refused before anything is started', () => {
      assert.throws(() => subject.inNetworkOf(subject.absent, () => assert.fail('it was started')), /ENOENT/)
    })
  })
}
