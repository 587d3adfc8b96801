/** What every PageCache does. Whoever runs it gives a directory on a disk: what lies in a tmpfs is always in RAM. */

import assert from 'node:assert/strict'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PAGE_BYTES, type PageCache } from './page-cache.ts'

/** More than the kernel reads ahead at once. */
const PAGES = 2048

export function pageCacheConformance(name: string, open: () => PageCache, directory: () => string): void {
  const file = (t: TestContext, bytes: number): number => {
    const fd = openSync(join(directory(), `file-${process.hrtime.bigint()}`), 'w+')
    t.after(() => closeSync(fd))
    writeSync(fd, Buffer.alloc(bytes, 'page'))
    fsyncSync(fd)
    return fd
  }
  /** The kernel reads in its own time. */
  const becomes = async (look: () => number, wanted: number): Promise<void> => {
    for (const deadline = Date.now() + 30_000; look() !== wanted; await sleep(10))
      assert.ok(Date.now() < deadline, `${look()} instead of ${wanted}`)
  }

  describe(`${name} is a PageCache`, () => {
    test('pages that are let go are not in RAM, those that are read ahead are', async (t) => {
      const cache = open()
      const fd = file(t, PAGES * PAGE_BYTES)
      const resident = (): number => cache.residentPages(fd, 0, PAGES * PAGE_BYTES)
      const letGo = (): number => {
        cache.letGo(fd)
        return resident()
      }
      // A page that was written a moment ago may still be busy.
      await becomes(letGo, 0)
      cache.readAhead(fd, 0, PAGES * PAGE_BYTES)
      await becomes(resident, PAGES)
      assert.equal(cache.residentPages(fd, 16 * PAGE_BYTES, 8 * PAGE_BYTES), 8)
      await becomes(letGo, 0)
    })

    test('a page that is not full counts as one, and what is behind the end does not count', async (t) => {
      const cache = open()
      const fd = file(t, 2 * PAGE_BYTES + 1)
      cache.readAhead(fd, 0, 2 * PAGE_BYTES + 1)
      await becomes(() => cache.residentPages(fd, 0, 2 * PAGE_BYTES + 1), 3)
      assert.equal(cache.residentPages(fd, 2 * PAGE_BYTES, 1), 1)
    })

    test('no part and an empty file have no pages', (t) => {
      const cache = open()
      assert.equal(cache.residentPages(file(t, 0), 0, 0), 0)
      assert.equal(cache.residentPages(file(t, PAGE_BYTES), 0, 0), 0)
    })

    test('what is not open is refused', () => {
      const cache = open()
      for (const call of [
        () => cache.residentPages(987_654, 0, 1),
        () => cache.readAhead(987_654, 0, 1),
        () => cache.letGo(987_654),
      ])
        assert.throws(call, { code: 'EBADF' })
    })
  })
}
