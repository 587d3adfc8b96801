/**
 * A property over generated values, tried with new ones until the time is up. fast-check gives up waiting for the value that is in work then, which
 * goes on meanwhile and would be met by whatever follows, so that it is waited for here; its outcome counts too.
 */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import * as fc from 'fast-check'

/** Which values come: said by each test, and given again by INSULA_TEST_SEED. */
const SEED = Number(process.env['INSULA_TEST_SEED'] ?? Date.now() & 0x7fff_ffff)

/**
 * Says how many values `property` held for, the last of them included.
 *
 * @throws {AssertionError} with the value that it does not hold for
 */
export async function checkedFor<T>(
  t: TestContext,
  milliseconds: number,
  values: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
): Promise<number> {
  t.diagnostic(`INSULA_TEST_SEED=${SEED}, ${milliseconds} ms`)
  let begun = 0
  let current = Promise.resolve()
  const details = await fc.check(
    fc.asyncProperty(values, (value) => {
      begun++
      current = property(value)
      return current
    }),
    {
      seed: SEED,
      numRuns: 1_000_000,
      interruptAfterTimeLimit: milliseconds,
      markInterruptAsFailure: false,
      includeErrorInReport: true,
    },
  )
  const [last] = await Promise.allSettled([current])
  if (details.counterexample !== null) assert.fail(fc.defaultReportMessage(details))
  if (last.status === 'rejected') throw last.reason
  return begun
}
