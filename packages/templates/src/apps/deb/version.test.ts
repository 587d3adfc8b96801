import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { realProcessRunner } from '@insula/kernel'
import { compareVersions } from './version.ts'

const ORDERED = [
  '0.9~rc1',
  '0.9',
  '1.0~~',
  '1.0~beta1',
  '1.0',
  '1.0-1~bpo12+1',
  '1.0-1',
  '1.0-1+b1',
  '1.0-1+deb12u1',
  '1.0-2',
  '1.0a',
  '1.0+dfsg-1',
  '1.0.1',
  '1.2',
  '1.10',
  '1:0.1',
  '2:0.0-1',
]

test('versions in the order of deb-version(7)', () => {
  for (const [at, earlier] of ORDERED.entries())
    for (const later of ORDERED.slice(at + 1)) {
      assert.ok(compareVersions(earlier, later) < 0, `${earlier} < ${later}`)
      assert.ok(compareVersions(later, earlier) > 0, `${later} > ${earlier}`)
    }
})

const part = fc.string({ unit: fc.constantFrom(...'0123456789abzAZ.+~'.split('')), minLength: 1, maxLength: 8 })
const version = fc
  .tuple(fc.option(fc.nat(9)), fc.nat(99), part, fc.option(part))
  .map(
    ([epoch, first, rest, revision]) =>
      `${epoch === null ? '' : `${epoch}:`}${first}${rest}${revision === null ? '' : `-${revision}`}`,
  )

test('it is an order', () => {
  const sign = (value: number): number => Math.sign(value)
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      assert.equal(compareVersions(a, a), 0)
      assert.equal(sign(compareVersions(a, b)), -sign(compareVersions(b, a)) || 0)
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) assert.ok(compareVersions(a, c) <= 0)
    }),
  )
})

test('dpkg agrees', async () => {
  const runner = realProcessRunner()
  const dpkgSays = async (a: string, relation: string, b: string): Promise<boolean> =>
    (await runner.run(['dpkg', '--compare-versions', a, relation, b], { accept: [0, 1] })).code === 0
  await fc.assert(
    fc.asyncProperty(version, version, async (a, b) => {
      const order = compareVersions(a, b)
      assert.ok(await dpkgSays(a, order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq', b), `${a} and ${b}: ${order}`)
    }),
    { numRuns: 60 },
  )
})
