import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_DETACH_KEYS, detachKeys, detachWatcher } from './detach.ts'

test('keys by name', () => {
  assert.deepEqual([...detachKeys(DEFAULT_DETACH_KEYS)], [0x1d, 0x2e])
  assert.deepEqual([...detachKeys('ctrl-p,^Q,x')], [0x10, 0x11, 0x78])
  for (const wrong of ['', 'ctrl-', 'ab', 'ctrl-p,', 'ü']) assert.throws(() => detachKeys(wrong), { name: 'UsageError' })
})

/** What the watcher is to do, said the slow way: everything up to the first occurrence, but for what may still become one. */
function expected(typed: readonly number[], keys: readonly number[]): { pass: number[]; detached: boolean } {
  for (let at = 0; at + keys.length <= typed.length; at++) {
    if (keys.every((key, offset) => typed[at + offset] === key)) return { pass: typed.slice(0, at), detached: true }
  }
  for (let held = Math.min(keys.length - 1, typed.length); held > 0; held--) {
    const tail = typed.slice(-held)
    if (tail.every((key, offset) => key === keys[offset])) return { pass: typed.slice(0, -held), detached: false }
  }
  return { pass: [...typed], detached: false }
}

test('passes everything but the sequence, however it is cut', () => {
  const key = fc.integer({ min: 1, max: 3 })
  fc.assert(
    fc.property(
      fc.array(key, { minLength: 1, maxLength: 4 }),
      fc.array(fc.array(key, { maxLength: 4 }), { maxLength: 8 }),
      (keys, chunks) => {
        const watcher = detachWatcher(Uint8Array.from(keys))
        const passed: number[] = []
        let detached = false
        for (const chunk of chunks) {
          const result = watcher.feed(Uint8Array.from(chunk))
          passed.push(...result.pass)
          detached = result.detached
          if (detached) break
        }
        assert.deepEqual({ pass: passed, detached }, expected(chunks.flat(), keys))
      },
    ),
    { numRuns: 2000 },
  )
})
