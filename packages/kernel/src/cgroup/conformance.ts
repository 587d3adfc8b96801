/** What every Cgroups does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type CgroupDoor, type CgroupLimits, CgroupMissing, type Cgroups, LimitBelowUse } from './cgroup.ts'

export interface CgroupSubject {
  readonly cgroups: Cgroups
  /** The suite makes its groups below this one. */
  readonly root: string
  /** Starts a process that does nothing; called inside `enter`, so synchronous. On pure v2 it joins the inner group, as the OCI runtime does. */
  readonly start: (path: string) => number
  /** Starts such a process through a door and waits until it has joined. */
  readonly startThrough: (door: CgroupDoor, path: string) => Promise<number>
  /** Has a process in the group use `bytes` that cannot be reclaimed. */
  readonly fill: (path: string, bytes: number) => Promise<void>
  /** False where this host's groups have no controllers, and so no limits to set. */
  readonly limited: boolean
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export const NO_LIMITS: CgroupLimits = { memory: null, swap: null, cpuUnits: 1000, cpuLimit: null, cpuSet: null, pids: null }
const MIB = 1024 * 1024

export function cgroupConformance(name: string, open: () => Promise<CgroupSubject>): void {
  describe(`${name} is a Cgroups`, () => {
    let subject: CgroupSubject
    let cgroups: Cgroups
    let count = 0
    before(async () => {
      subject = await open()
      cgroups = subject.cgroups
    })
    after(() => subject[Symbol.asyncDispose]())
    const fresh = async (): Promise<string> => {
      const path = `${subject.root}/${++count}`
      await cgroups.create(path, 100_000)
      return path
    }
    const put = (path: string): number => cgroups.enter(path, () => subject.start(path))
    const gone = async (path: string): Promise<void> => {
      await cgroups.killAll(path)
      await cgroups.remove(path)
    }

    test('a group is made and removed, twice each', async () => {
      const path = await fresh()
      await cgroups.create(path, 100_000)
      assert.equal(await cgroups.exists(path), true)
      assert.equal(await cgroups.exists(subject.root), true)
      await cgroups.remove(path)
      await cgroups.remove(path)
      assert.equal(await cgroups.exists(path), false)
      assert.equal(await cgroups.exists(subject.root), true)
    })

    test('children are named, without the inner group; removal takes them along', async () => {
      const path = await fresh()
      assert.deepEqual(await cgroups.children(path), [])
      await cgroups.create(`${path}/b/deep`, 0)
      await cgroups.create(`${path}/a`, 0)
      assert.deepEqual(await cgroups.children(path), ['a', 'b'])
      await cgroups.remove(path)
      assert.deepEqual(await cgroups.children(path), [])
      assert.equal(await cgroups.exists(`${path}/a`), false)
    })

    test('what is started inside enter is born in the group', async () => {
      const [path, other] = [await fresh(), await fresh()]
      const pid = put(path)
      assert.deepEqual(await cgroups.processes(path), [pid])
      assert.deepEqual(await cgroups.processes(subject.root), [pid])
      if (subject.limited) assert.equal((await cgroups.usage(path)).pids, 1)
      assert.deepEqual(await cgroups.processes(other), [])
      await gone(path)
      await gone(other)
    })

    test('what is started through a door joins before it runs', async () => {
      const path = await fresh()
      using door = cgroups.door(path)
      const pid = await subject.startThrough(door, path)
      assert.deepEqual(await cgroups.processes(path), [pid])
      await gone(path)
    })

    test('enter gives what body gives, and throws what it throws', async () => {
      const path = await fresh()
      assert.equal(
        cgroups.enter(path, () => 7),
        7,
      )
      assert.throws(
        () =>
          cgroups.enter(path, () => {
            throw new Error('from body')
          }),
        /from body/,
      )
      await cgroups.remove(path)
    })

    test('freezes and thaws, twice each', async () => {
      const path = await fresh()
      put(path)
      assert.equal(await cgroups.frozen(path), false)
      await cgroups.freeze(path)
      await cgroups.freeze(path)
      assert.equal(await cgroups.frozen(path), true)
      await cgroups.thaw(path)
      await cgroups.thaw(path)
      assert.equal(await cgroups.frozen(path), false)
      await gone(path)
    })

    test('kills everything, below and frozen too, and nothing twice', async () => {
      const path = await fresh()
      await cgroups.create(`${path}/below`, 0)
      for (const group of [path, path, `${path}/below`]) put(group)
      await cgroups.freeze(path)
      await cgroups.killAll(path)
      assert.deepEqual(await cgroups.processes(path), [])
      await cgroups.killAll(path)
      await cgroups.remove(path)
    })

    test('a group with processes is not removed, and says how many', async () => {
      const path = await fresh()
      put(path)
      put(path)
      await assert.rejects(cgroups.remove(path), /: 2 processes are still in it$/)
      assert.equal(await cgroups.exists(path), true)
      await gone(path)
    })

    test('a group that is not there', async () => {
      const path = `${subject.root}/absent`
      const missing = (error: unknown): boolean => error instanceof CgroupMissing && error.path === path
      await assert.rejects(cgroups.usage(path), missing)
      await assert.rejects(cgroups.freeze(path), missing)
      await assert.rejects(cgroups.thaw(path), missing)
      await assert.rejects(cgroups.frozen(path), missing)
      await assert.rejects(cgroups.setLimits(path, NO_LIMITS), missing)
      assert.throws(() => cgroups.enter(path, () => assert.fail('body ran')), missing)
      assert.throws(() => cgroups.door(path), missing)
      assert.deepEqual(await cgroups.processes(path), [])
      await cgroups.killAll(path)
      assert.equal(await cgroups.exists(path), false)
    })

    test('limits are raised and lowered in any order', async () => {
      const path = await fresh()
      if (!subject.limited) return cgroups.remove(path)
      const small = { memory: 64 * MIB, swap: 0, cpuUnits: 8, cpuLimit: 10, cpuSet: [0], pids: 10 }
      const large = { memory: 4096 * MIB, swap: 1024 * MIB, cpuUnits: 500_000, cpuLimit: 200, cpuSet: [0], pids: 10_000 }
      for (const limits of [small, large, small, NO_LIMITS, small, { ...small, swap: 4096 * MIB }, { ...large, swap: 0 }]) {
        await cgroups.setLimits(path, limits)
      }
      await cgroups.remove(path)
    })

    test('a choice of CPUs is taken back while something runs', async () => {
      const path = await fresh()
      if (!subject.limited) return cgroups.remove(path)
      put(path)
      for (const cpuSet of [null, [0], null, [0], null]) await cgroups.setLimits(path, { ...NO_LIMITS, cpuSet })
      await gone(path)
    })

    test('memory is not limited below what is in use', async () => {
      const path = await fresh()
      if (!subject.limited) return cgroups.remove(path)
      await subject.fill(path, 64 * MIB)
      await assert.rejects(cgroups.setLimits(path, { ...NO_LIMITS, memory: 32 * MIB }), (error: unknown) => {
        assert.ok(error instanceof LimitBelowUse)
        assert.deepEqual([error.limit, error.wanted], ['memory', 32 * MIB])
        assert.ok(error.used > 32 * MIB && error.used < 128 * MIB, `${error.used}`)
        return true
      })
      assert.ok((await cgroups.usage(path)).memory >= 64 * MIB)
      await cgroups.setLimits(path, { ...NO_LIMITS, memory: 256 * MIB })
      await gone(path)
    })

    test('processes are not limited below how many there are', async () => {
      const path = await fresh()
      if (!subject.limited) return cgroups.remove(path)
      put(path)
      put(path)
      await assert.rejects(cgroups.setLimits(path, { ...NO_LIMITS, pids: 1 }), (error: unknown) => {
        assert.ok(error instanceof LimitBelowUse)
        assert.deepEqual([error.limit, error.wanted, error.used], ['pids', 1, 2])
        return true
      })
      await cgroups.setLimits(path, { ...NO_LIMITS, pids: 2 })
      await gone(path)
    })

    test('a group that was refused nothing has met no limit, nor has one that is not there', async () => {
      const path = await fresh()
      put(path)
      assert.deepEqual([...(await cgroups.limitsMet(path))], [])
      assert.deepEqual([...(await cgroups.limitsMet(`${subject.root}/absent`))], [])
      await gone(path)
    })

    test('a CPU that is not there is refused', async () => {
      const path = await fresh()
      if (!subject.limited) return cgroups.remove(path)
      await assert.rejects(cgroups.setLimits(path, { ...NO_LIMITS, cpuSet: [4000] }), /cpuset\.cpus .* to 4000: (EINVAL|ERANGE)$/)
      await cgroups.remove(path)
    })
  })
}
