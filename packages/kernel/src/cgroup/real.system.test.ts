import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { realPrivateMounts } from '../mounts/real.ts'
import { type AttachedProcess, startAttached } from '../process/attached.ts'
import { realProcessRunner } from '../process/real.ts'
import { CANNOT_JOIN, type Cgroups } from './cgroup.ts'
import { cgroupConformance, type CgroupSubject, NO_LIMITS } from './conformance.ts'
import { hierarchiesIn, rootsOf } from './hierarchies.ts'
import { unmountOwnTree } from './own-tree.ts'
import { realCgroups } from './real.ts'

const MOUNTINFO = readFileSync('/proc/self/mountinfo', 'utf8')
const HOST = hierarchiesIn(MOUNTINFO)
/** This machine as if it had the v2 tree alone, or none: kernels of both kinds for what needs no controller. */
const V2_ONLY = MOUNTINFO.split('\n').filter((line) => !line.includes(' - cgroup cgroup '))
const V1_ONLY = MOUNTINFO.split('\n').filter((line) => !line.includes(' - cgroup2 '))
const ROOT = `insula-test-${process.pid}`
const IDLE = ['sleep', '600'] as const
const SILENT = { descriptors: ['null', 'null', 'null'] } as const

function subject(cgroups: Cgroups, limited: boolean, done: () => void = () => undefined): CgroupSubject {
  const inner = (path: string): string => join(HOST.v2 ?? '', path, 'vps', 'cgroup.procs')
  const start = (path: string, argv: readonly [string, ...string[]]): number => {
    const { pid } = startAttached(argv, SILENT)
    if (cgroups.mode === 'unified') writeFileSync(inner(path), `${pid}`)
    return pid
  }
  return {
    cgroups,
    root: ROOT,
    limited,
    start: (path) => start(path, IDLE),
    startThrough: async (door, path) => {
      const { pid } = startAttached(door.through(IDLE), { descriptors: ['null', 'null', 'null', ...door.descriptors] })
      if (cgroups.mode === 'unified') writeFileSync(inner(path), `${pid}`)
      await become(pid, 'sleep')
      return pid
    },
    fill: async (path, bytes) => {
      const program = `globalThis.kept = Buffer.alloc(${bytes}, 1); setInterval(() => undefined, 1e6)`
      cgroups.enter(path, () => start(path, [process.execPath, '-e', program]))
      for (let waited = 0; (await cgroups.usage(path)).memory < bytes; waited += 20) {
        assert.ok(waited < 10_000, 'the process did not use its memory')
        await sleep(20)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await cgroups.killAll(ROOT)
      await cgroups.remove(ROOT)
      done()
    },
  }
}

/** Waits until the process runs the program of this name. */
async function become(pid: number, name: string): Promise<void> {
  for (let waited = 0; readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== name; waited += 5) {
    assert.ok(waited < 10_000, `${pid} did not become ${name}`)
    await sleep(5)
  }
}

/** Groups and mounts of this file; other tests may run beside it. */
function traces(): string[] {
  const groups = rootsOf(HOST).flatMap((root) => readdirSync(root).map((name) => join(root, name)))
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return [...groups, ...mounts].filter((name) => name.includes(ROOT))
}
after(() => assert.deepEqual(traces(), []))

cgroupConformance(`the real driver (${HOST.mode})`, async () => subject(realCgroups(), true))

if (HOST.mode === 'hybrid') {
  cgroupConformance('the real driver (v2 alone)', async () => subject(realCgroups({ mountinfo: V2_ONLY.join('\n') }), false))
  cgroupConformance('the real driver (v1 with a v2 tree of ours)', async () => {
    const ownTree = `/run/${ROOT}`
    const cgroups = realCgroups({ mountinfo: V1_ONLY.join('\n'), ownTree })
    assert.equal(cgroups.mode, 'legacy')
    return subject(cgroups, true, () => {
      unmountOwnTree(ownTree)
      rmdirSync(ownTree)
    })
  })
}

describe('the files of a group', () => {
  const cgroups = realCgroups()
  const path = `${ROOT}/files`
  const v1 = (controller: string, file: string): string =>
    readFileSync(join(HOST.v1.get(controller) ?? '', path, file), 'utf8').trim()
  const home = (): string => readFileSync('/proc/thread-self/cgroup', 'utf8')
  before(() => cgroups.create(path, 123_456))
  after(async () => {
    await cgroups.killAll(ROOT)
    await cgroups.remove(ROOT)
  })

  test('only the inner group is delegated', () => {
    const outer = join(HOST.v2 ?? '', path)
    for (const file of ['vps', 'vps/cgroup.procs', 'vps/cgroup.threads', 'vps/cgroup.subtree_control']) {
      const { uid, gid } = statSync(join(outer, file))
      assert.deepEqual([file, uid, gid], [file, 123_456, 123_456])
    }
    for (const file of ['.', 'cgroup.procs', 'cgroup.subtree_control', 'cgroup.max.descendants', 'vps/cgroup.max.descendants']) {
      assert.deepEqual([file, statSync(join(outer, file)).uid], [file, 0])
    }
  })

  test('the delegate makes groups, and only so many', async () => {
    const inner = join(HOST.v2 ?? '', path, 'vps')
    const asOwner = ['setpriv', '--reuid=123456', '--regid=123456', '--clear-groups'] as const
    await realProcessRunner().run([...asOwner, 'mkdir', join(inner, 'mine')])
    writeFileSync(join(HOST.v2 ?? '', path, 'cgroup.max.descendants'), '2')
    await assert.rejects(realProcessRunner().run([...asOwner, 'mkdir', join(inner, 'more')]), /temporarily unavailable/)
  })

  test('limits on a host with v1', { skip: HOST.v1.size === 0 && 'this host has no v1 hierarchy' }, async () => {
    await cgroups.setLimits(path, { memory: 2 ** 28, swap: 2 ** 20, cpuUnits: 2000, cpuLimit: 50, cpuSet: [0], pids: 77 })
    const now = (): string[] => [
      v1('memory', 'memory.limit_in_bytes'),
      v1('memory', 'memory.memsw.limit_in_bytes'),
      v1('cpu', 'cpu.shares'),
      v1('cpu', 'cpu.cfs_quota_us'),
      v1('cpuset', 'cpuset.cpus'),
      v1('pids', 'pids.max'),
    ]
    const set = [`${2 ** 28}`, `${2 ** 28 + 2 ** 20}`, '2048', '50000', '0', '77']
    assert.deepEqual(now(), set)
    await assert.rejects(cgroups.setLimits(path, { ...NO_LIMITS, cpuUnits: 8, cpuLimit: 10, cpuSet: [4000] }))
    assert.deepEqual(now(), set)
    await cgroups.setLimits(path, NO_LIMITS)
    assert.deepEqual(now().slice(2), ['1024', '-1', readFileSync('/sys/fs/cgroup/cpuset/cpuset.cpus', 'utf8').trim(), 'max'])
  })

  test('the thread is back after enter, also when body threw or covered the cgroup mounts', () => {
    const before = home()
    const during = cgroups.enter(path, home)
    if (HOST.v1.size > 0) assert.match(during, new RegExp(`pids:/${path}$`, 'm'))
    assert.equal(home(), before)
    assert.throws(() => cgroups.enter(path, () => assert.fail('on purpose')), /on purpose/)
    assert.equal(home(), before)
    cgroups.enter(path, () =>
      realPrivateMounts().inPrivateCopy((mounts) => {
        mounts.fileSystem('tmpfs', '/sys/fs/cgroup')
        assert.deepEqual(readdirSync('/sys/fs/cgroup'), [])
      }),
    )
    assert.equal(home(), before)
  })
})

describe(
  'a tenant that is out of bounds does not hurt who starts something in its group',
  { skip: HOST.v1.size === 0 && 'no v1' },
  () => {
    const cgroups = realCgroups()
    const path = `${ROOT}/hostile`
    const through = (...argv: [string, ...string[]]): AttachedProcess => {
      using door = cgroups.door(path)
      return startAttached(door.through(argv), { descriptors: ['null', 'null', 'null', ...door.descriptors] })
    }
    before(() => cgroups.create(path, 0))
    after(async () => {
      await cgroups.thaw(path)
      await cgroups.killAll(ROOT)
      await cgroups.remove(ROOT)
    })

    test('memory full of a tmpfs: the starter, were it in the group, would be killed', async () => {
      const tmpfs = mkdtempSync('/var/tmp/insula-cgroup-')
      await realProcessRunner().run(['mount', '-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', tmpfs])
      try {
        await cgroups.setLimits(path, { ...NO_LIMITS, memory: 32 * 2 ** 20, swap: 0 })
        assert.equal((await through('dd', 'if=/dev/zero', `of=${tmpfs}/full`, 'bs=64k').ended).signal, 'SIGKILL')
        const kept = Array.from({ length: 20 }, () => {
          void through('true')
          return Buffer.alloc(1_000_000, 1)
        })
        assert.equal(kept.length, 20)
        assert.ok((await cgroups.usage(path)).oomKills >= 1)
        assert.ok((await cgroups.limitsMet(path)).has('memory'))
      } finally {
        await cgroups.killAll(path)
        await realProcessRunner().run(['umount', tmpfs])
        rmdirSync(tmpfs)
      }
    })

    test('frozen: what is started waits, the starter does not', async () => {
      await cgroups.setLimits(path, NO_LIMITS)
      await cgroups.freeze(path)
      const started = through('true')
      assert.equal(await Promise.race([started.ended, sleep(100, 'waits')]), 'waits')
      await cgroups.thaw(path)
      assert.equal((await started.ended).code, 0)
    })

    test('too many processes: says so and does not run outside', async () => {
      await cgroups.setLimits(path, { ...NO_LIMITS, pids: 1 })
      // Joining is never refused by the limit of pids; to fork inside is.
      assert.equal((await through('setsid', '--fork', '--wait', 'true').ended).code, 1)
      assert.ok((await cgroups.limitsMet(path)).has('pids'))
      await cgroups.setLimits(path, NO_LIMITS)
      using door = cgroups.door(path)
      const argv = door.through(['true'])
      const descriptors = ['null', 'null', 'null', ...door.descriptors.slice(1)] as const
      assert.equal((await startAttached(argv, { descriptors }).ended).code, CANNOT_JOIN)
    })

    test('what is not installed is told before anything is started', () => {
      assert.throws(() => through('no-such-command'), /^ProcessFailed: no-such-command was not found$/)
    })

    test('no descriptor of the door is left in what was started', async () => {
      const { pid } = through(...IDLE)
      await become(pid, 'sleep')
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
      assert.deepEqual(
        open.filter((target) => target.includes('cgroup')),
        [],
      )
    })
  },
)
