import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_LIMITS } from '../cgroup/conformance.ts'
import { realCgroups } from '../cgroup/real.ts'
import { realProcessRunner } from '../process/real.ts'
import { lxcfsConformance } from './conformance.ts'
import type { LxcfsProcess } from './lxcfs.ts'
import { realLxcfs } from './real.ts'

const mounts = (): string => readFileSync('/proc/self/mountinfo', 'utf8')

lxcfsConformance('the real driver', async () => {
  const scratch = mkdtempSync('/run/insula-test-')
  const place = (name: string) => ({ mountPoint: join(scratch, name), pidFile: join(scratch, `${name}.pid`) })
  return {
    lxcfs: realLxcfs(),
    places: [place('one'), place('two')],
    crash: (pid) => void process.kill(pid, 'SIGKILL'),
    hang: async (pid) => {
      process.kill(pid, 'SIGSTOP')
      // One of its threads takes the signal; until then the others go on answering.
      while (!/^\d+ \(lxcfs\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await sleep(5)
    },
    [Symbol.asyncDispose]: async () => {
      rmSync(scratch, { recursive: true })
      assert.ok(!mounts().includes(scratch), 'a mount is left')
    },
  }
})

describe('what a reader in a group sees', () => {
  const path = `insula-test-${process.pid}`
  const cgroups = realCgroups()
  const lxcfs = realLxcfs()
  const scratch = mkdtempSync('/run/insula-test-')
  const mountPoint = join(scratch, 'lxcfs')
  let server: LxcfsProcess
  /** Read from inside the group, by a user who is not root. On pure v2 the reader joins by itself, as the OCI runtime does. */
  const read = async (file: string): Promise<string> => {
    const reader = ['setpriv', '--reuid=65500', '--regid=65500', '--clear-groups', 'cat', join(mountPoint, file)] as const
    const joining = ['sh', '-c', 'echo 0 > "$0" && exec "$@"', `/sys/fs/cgroup/${path}/vps/cgroup.procs`, ...reader] as const
    const argv = cgroups.mode === 'unified' ? joining : reader
    return (await cgroups.enter(path, () => realProcessRunner().run(argv))).stdout
  }
  before(async () => {
    chmodSync(scratch, 0o755)
    await cgroups.create(path, 0)
    await cgroups.setLimits(path, { ...NO_LIMITS, memory: 128 * 2 ** 20, cpuSet: [0] })
    server = await lxcfs.start(mountPoint, join(scratch, 'pid'))
  })
  after(async () => {
    await lxcfs.stop(mountPoint, server.pid)
    await cgroups.remove(path)
    rmSync(scratch, { recursive: true })
  })

  test('its own memory and CPUs', async () => {
    assert.match(await read('proc/meminfo'), /^MemTotal: +131072 kB$/m)
    assert.equal((await read('proc/cpuinfo')).match(/^processor/gm)?.length, 1)
  })

  test('every file that is promised', async () => {
    for (const file of lxcfs.files) assert.ok(existsSync(join(mountPoint, file)), file)
    for (const file of lxcfs.files.filter((name) => name.startsWith('proc/'))) assert.notEqual(await read(file), '', file)
  })

  test('nothing can be written: lxcfs would write it to the node itself', () => {
    assert.throws(() => writeFileSync(join(mountPoint, 'sys/devices/system/cpu/cpu1/online'), '1'), /EROFS/)
  })

  test('signals to the group of the one who started it do not reach it', () => {
    const [, , group] = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    assert.equal(group, `${server.pid}`)
  })
})

test('says why it does not come up', async () => {
  const scratch = mkdtempSync('/run/insula-test-')
  const mountPoint = join(scratch, 'lxcfs')
  await assert.rejects(realLxcfs().start(mountPoint, join(scratch, 'no', 'such', 'pid')), /ENOENT|did not come up on/)
  assert.ok(!mounts().includes(mountPoint))
  rmSync(scratch, { recursive: true })
})
