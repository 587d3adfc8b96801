/** What every UserNamespaces does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { IdMap, UserNamespace, UserNamespaces } from './userns.ts'

export interface UserNamespaceSubject {
  readonly userNamespaces: UserNamespaces
  /** Its id map, as somebody finds it who knows nothing but `path`; null when nothing is there any more. */
  readonly mapAt: (path: string) => Promise<IdMap | null>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export function userNamespaceConformance(name: string, open: () => Promise<UserNamespaceSubject>): void {
  describe(`${name} is a UserNamespaces`, () => {
    let subject: UserNamespaceSubject
    let make: UserNamespaces
    before(async () => {
      subject = await open()
      make = subject.userNamespaces
    })
    after(() => subject[Symbol.asyncDispose]())

    test('a namespace has the ids that were asked for, by its path too, until it is closed', async () => {
      const ids = { base: 300_000, size: 65_536 }
      const userns = await make(ids)
      assert.deepEqual(await subject.mapAt(userns.path), ids)
      userns[Symbol.dispose]()
      assert.equal(await subject.mapAt(userns.path), null)
    })

    test('many at once are each their own, those with the same ids too', async () => {
      const bases = [400_000, 500_000, 600_000, 400_000]
      const all: UserNamespace[] = await Promise.all(bases.map((base) => make({ base, size: 1000 })))
      using _ends = { [Symbol.dispose]: () => all.forEach((userns) => userns[Symbol.dispose]()) }
      assert.equal(new Set(all.map(({ fd }) => fd)).size, bases.length)
      assert.deepEqual(
        await Promise.all(all.map(({ path }) => subject.mapAt(path))),
        bases.map((base) => ({ base, size: 1000 })),
      )
    })

    test('ids that the kernel has not are refused', async () => {
      for (const size of [0, 2 ** 32])
        await assert.rejects(make({ base: 300_000, size }), (error: Error) => {
          assert.ok(
            error.message.startsWith(`cannot make a user namespace for the ${size} host ids from 300000: `),
            error.message,
          )
          return true
        })
    })
  })
}
