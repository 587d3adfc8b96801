import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { realPrivateMounts } from '../mounts/real.ts'
import { realProcessRunner } from '../process/real.ts'
import type { ProcessRunner } from '../process/runner.ts'
import { ProcessFailed } from '../process/runner.ts'
import { realUserNamespaces } from '../userns/real.ts'
import { volumeConformance } from './conformance.ts'
import { realVolumes } from './real.ts'
import type { Volumes } from './volume.ts'

const SIZE = 512 * 1024 * 1024
const open = (runner: ProcessRunner = realProcessRunner()): Volumes =>
  realVolumes({ runner, mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() })

/** Nothing may be left of it: no mount, no loop device, no file. */
function assertNoTrace(scratch: string): void {
  assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(scratch), 'a mount is left')
  for (const device of readdirSync('/sys/block').filter((name) => name.startsWith('loop'))) {
    const file = `/sys/block/${device}/loop/backing_file`
    assert.ok(!existsSync(file) || !readFileSync(file, 'utf8').includes(scratch), `${device} is left`)
  }
}

function scratchDirectory(t: TestContext): string {
  const scratch = mkdtempSync('/var/tmp/insula-volume-')
  t.after(async () => {
    await open().detach(join(scratch, 'vol'))
    rmSync(scratch, { recursive: true })
    assertNoTrace(scratch)
  })
  return scratch
}

volumeConformance('the real driver', async () => {
  const scratch = mkdtempSync('/var/tmp/insula-volume-')
  return {
    volumes: open(),
    image: join(scratch, 'images', 'volume.img'),
    path: join(scratch, 'vol'),
    [Symbol.asyncDispose]: async () => {
      await open().detach(join(scratch, 'vol'))
      rmSync(scratch, { recursive: true })
      assertNoTrace(scratch)
    },
  }
})

test('files survive being detached; the image is sparse; a link to the place is the place', async (t) => {
  const scratch = scratchDirectory(t)
  const [volumes, image, path] = [open(), join(scratch, 'image'), join(scratch, 'vol')]
  await volumes.ensureLoopVolume(image, path, 8 * SIZE)
  assert.ok(statSync(image).blocks * 512 < SIZE / 4)
  writeFileSync(join(path, 'kept'), 'kept')
  symlinkSync(path, join(scratch, 'link'))
  assert.equal(await volumes.mounted(join(scratch, 'link')), true)
  await volumes.ensureLoopVolume(image, join(scratch, 'link'), SIZE)
  await volumes.detach(path)
  assert.equal(await volumes.mounted(path), false)
  await volumes.ensureLoopVolume(image, path, SIZE)
  assert.equal(readFileSync(join(path, 'kept'), 'utf8'), 'kept')
  await volumes.probe(path)
  assert.deepEqual(readdirSync(path), ['kept'])
})

test('a directory that the administrator brings is probed where it lies', async (t) => {
  const scratch = scratchDirectory(t)
  const features = await open().probe(scratch)
  assert.notEqual(features.fsType, 'unknown')
  assert.equal(features.path, scratch)
  assert.equal(await open().mounted(scratch), false)
  assert.deepEqual(readdirSync(scratch), [])
})

describe('of an attempt that fails nothing is left', () => {
  const failing = (command: string, stderr: string): ProcessRunner => {
    const { run } = realProcessRunner()
    return {
      run: (argv, options) =>
        argv[0] === command ? Promise.reject(new ProcessFailed(argv, 1, null, stderr)) : run(argv, options),
    }
  }

  test('when the file system cannot be made', async (t) => {
    const scratch = scratchDirectory(t)
    const volumes = open(failing('mkfs.xfs', 'no'))
    const attempt = volumes.ensureLoopVolume(join(scratch, 'a/b/image'), join(scratch, 'vol'), SIZE)
    await assert.rejects(attempt, /^Error: cannot make the volume .*\/image: mkfs\.xfs ended with 1: no$/)
    assert.deepEqual(readdirSync(scratch), [])
  })

  test('when it cannot be mounted', async (t) => {
    const scratch = scratchDirectory(t)
    mkdirSync(join(scratch, 'vol'))
    const volumes = open(failing('mount', "mount: unknown filesystem type 'xfs'"))
    const attempt = volumes.ensureLoopVolume(join(scratch, 'image'), join(scratch, 'vol'), SIZE)
    await assert.rejects(attempt, /this kernel has no XFS; load it with: modprobe xfs/)
    assert.deepEqual(readdirSync(scratch), ['vol'])
  })

  test('when there is no space', async (t) => {
    const scratch = scratchDirectory(t)
    const small = join(scratch, 'small')
    mkdirSync(small)
    await realProcessRunner().run(['mount', '-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', small])
    try {
      const attempt = open().ensureLoopVolume(join(small, 'image'), join(scratch, 'vol'), 4 * SIZE)
      await assert.rejects(attempt, /small has \d+M free and needs 2048M; free some space there, or bring a volume/)
      assert.deepEqual(readdirSync(small), [])
    } finally {
      await realProcessRunner().run(['umount', small])
    }
  })

  test('when an earlier attempt was cut off', async (t) => {
    const scratch = scratchDirectory(t)
    writeFileSync(join(scratch, 'image.unfinished'), 'half')
    await open().ensureLoopVolume(join(scratch, 'image'), join(scratch, 'vol'), SIZE)
    assert.deepEqual(readdirSync(scratch), ['image', 'vol'])
  })
})
