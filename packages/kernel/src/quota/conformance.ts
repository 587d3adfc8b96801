/** What every Quota does. The subject has a file system of its own, on which `write` puts bytes under an id. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { NO_QUOTA_LIMITS, type Quota, QUOTA_KINDS, type QuotaKind, type QuotaLimits, QuotaMissing } from './quota.ts'

export interface QuotaSubject extends AsyncDisposable {
  readonly quota: Quota
  /** Makes one file of so many bytes that counts for this id. Rejects when a limit forbids it; then nothing of it counts. */
  write(kind: QuotaKind, id: number, bytes: number): Promise<void>
  /** Removes the file that `write` made last for this id, and waits until it does not count any more. */
  remove(kind: QuotaKind, id: number): Promise<void>
  /** Inodes of the subject's own that count for an id once it has written: a project needs a directory. */
  readonly own: (kind: QuotaKind) => number
  /** A directory of the file system, open. */
  readonly directory: number
  /** A file made in that directory just now, open. */
  makeInside(): number
}

const MIB = 1024 * 1024
const ID = 70_000

const limits = (some: Partial<QuotaLimits>): QuotaLimits => ({ ...NO_QUOTA_LIMITS, ...some })

export function quotaConformance(name: string, open: () => Promise<QuotaSubject>): void {
  describe(`${name} is a Quota`, () => {
    let subject: QuotaSubject
    let quota: Quota
    before(async () => {
      subject = await open()
      quota = subject.quota
    })
    after(() => subject[Symbol.asyncDispose]())

    for (const [index, kind] of QUOTA_KINDS.entries()) {
      const id = ID + index * 100
      test(`${kind}: counts what lies under an id, and nothing for one that has nothing`, async () => {
        assert.ok(quota.kinds.has(kind))
        const { bytes, inodes, limits: none } = quota.account(kind, id)
        assert.deepEqual([bytes, inodes, none], [0, 0, NO_QUOTA_LIMITS])
        const own = subject.own(kind)
        await subject.write(kind, id, MIB)
        assert.deepEqual([quota.account(kind, id).bytes, quota.account(kind, id).inodes], [MIB, 1 + own])
        await subject.remove(kind, id)
        assert.deepEqual([quota.account(kind, id).bytes, quota.account(kind, id).inodes], [0, own])
      })

      test(`${kind}: a hard limit holds at once, for this id alone, and can be raised`, async () => {
        const own = subject.own(kind)
        quota.setLimits(kind, id, limits({ bytesHard: 2 * MIB, inodesHard: 3 + own }))
        assert.deepEqual(quota.account(kind, id).limits, limits({ bytesHard: 2 * MIB, inodesHard: 3 + own }))
        await subject.write(kind, id, MIB)
        await assert.rejects(subject.write(kind, id, 2 * MIB))
        await subject.write(kind, id + 1, 3 * MIB)
        quota.setLimits(kind, id, limits({ bytesHard: 8 * MIB, inodesHard: 2 + own }))
        await subject.write(kind, id, 2 * MIB)
        await assert.rejects(subject.write(kind, id, 0), 'a third file')
        await subject.remove(kind, id + 1)
      })

      test(`${kind}: a limit below what is in use loses nothing and lets nothing more in`, async () => {
        const before = quota.account(kind, id).bytes
        quota.setLimits(kind, id, limits({ bytesHard: MIB }))
        assert.equal(quota.account(kind, id).bytes, before)
        await assert.rejects(subject.write(kind, id, MIB))
        quota.setLimits(kind, id, NO_QUOTA_LIMITS)
        await subject.write(kind, id, MIB)
        for (let file = 0; file < 3; file++) await subject.remove(kind, id)
      })

      test(`${kind}: over the soft limit a time runs, which ends when less is in use`, async () => {
        quota.setGrace(kind, { bytes: 3_600, inodes: 7_200 })
        assert.deepEqual(quota.grace(kind), { bytes: 3_600, inodes: 7_200 })
        quota.setLimits(kind, id, limits({ bytesSoft: MIB, inodesSoft: 10 }))
        await subject.write(kind, id, 2 * MIB)
        const { bytesGraceEnds, inodesGraceEnds } = quota.account(kind, id)
        assert.ok(Math.abs((bytesGraceEnds ?? 0) - Date.now() / 1000 - 3_600) < 120, `${bytesGraceEnds}`)
        assert.equal(inodesGraceEnds, null)
        await subject.remove(kind, id)
        assert.equal(quota.account(kind, id).bytesGraceEnds, null)
        quota.setLimits(kind, id, NO_QUOTA_LIMITS)
      })

      test(`${kind}: the end of a time that runs can be moved, for this id alone`, async () => {
        quota.setGrace(kind, { bytes: 3_600, inodes: 7_200 })
        for (const one of [id, id + 1]) {
          quota.setLimits(kind, one, limits({ bytesSoft: MIB, bytesHard: 8 * MIB }))
          await subject.write(kind, one, 2 * MIB)
        }
        const other = quota.account(kind, id + 1).bytesGraceEnds
        const wanted = Math.floor(Date.now() / 1000) + 100_000
        quota.setGraceEnds(kind, id, { bytes: wanted, inodes: wanted })
        const { bytesGraceEnds, inodesGraceEnds, limits: kept } = quota.account(kind, id)
        assert.ok(Math.abs((bytesGraceEnds ?? 0) - wanted) <= 4, `${bytesGraceEnds} for ${wanted}`)
        assert.equal(inodesGraceEnds, null)
        assert.deepEqual(kept, limits({ bytesSoft: MIB, bytesHard: 8 * MIB }))
        assert.equal(quota.account(kind, id + 1).bytesGraceEnds, other)
        quota.setGraceEnds(kind, id, { bytes: Math.floor(Date.now() / 1000) - 60 })
        await assert.rejects(subject.write(kind, id, MIB), 'the time is over')
        await subject.write(kind, id + 1, MIB)
        for (const one of [id, id + 1]) quota.setLimits(kind, one, NO_QUOTA_LIMITS)
        await subject.remove(kind, id)
        for (let file = 0; file < 2; file++) await subject.remove(kind, id + 1)
      })

      test(`${kind}: accounts are found in the order of their ids`, async () => {
        quota.setLimits(kind, id + 7, limits({ bytesHard: MIB }))
        quota.setLimits(kind, id + 9, limits({ inodesHard: 5 }))
        assert.equal(quota.next(kind, id + 5)?.id, id + 7)
        assert.deepEqual(quota.next(kind, id + 8)?.limits, limits({ inodesHard: 5 }))
        assert.equal(quota.next(kind, 4_000_000_000), null)
        for (const other of [7, 9]) quota.setLimits(kind, id + other, NO_QUOTA_LIMITS)
      })
    }

    test('a project is passed on to what is made in its directory', () => {
      assert.equal(quota.setProject(subject.directory, ID), true)
      assert.deepEqual(quota.project(subject.directory), { id: ID, passedOn: true })
      assert.equal(quota.project(subject.makeInside())?.id, ID)
    })
  })
}

/** Where there is no quota. */
export function noQuotaConformance(name: string, open: () => Quota): void {
  test(`${name} says for each kind that there is no quota`, () => {
    const quota = open()
    assert.equal(quota.kinds.size, 0)
    for (const kind of QUOTA_KINDS) {
      for (const call of [
        () => quota.account(kind, ID),
        () => quota.next(kind, ID),
        () => quota.setLimits(kind, ID, NO_QUOTA_LIMITS),
        () => quota.grace(kind),
        () => quota.setGrace(kind, { bytes: 1, inodes: 1 }),
        () => quota.setGraceEnds(kind, ID, { bytes: 1 }),
      ])
        assert.throws(call, QuotaMissing)
    }
  })
}
