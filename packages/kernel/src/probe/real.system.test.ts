import assert from 'node:assert/strict'
import { constants, cpus, release } from 'node:os'
import { after, test } from 'node:test'
import { fakeProcessRunner } from '../process/fake.ts'
import { startAttached } from '../process/attached.ts'
import { realProcessRunner } from '../process/real.ts'
import { probeConformance } from './conformance.ts'
import { realHostProbe } from './real.ts'

// Not this process: Node counts its own time from when it is at work, which takes a while.
const since = Date.now()
const sleeper = startAttached(['sleep', '600'], { descriptors: ['null', 'null', 'null'] })
after(async () => {
  process.kill(sleeper.pid)
  await sleeper.ended
})
const pids = { lives: sleeper.pid, since, gone: 2 ** 30 }
probeConformance('the real driver', 'kernel.pid_max', pids, () => realHostProbe(realProcessRunner()))

test('is about this machine, with the versions of its tools', async () => {
  const features = await realHostProbe(realProcessRunner()).features()
  assert.equal(features.kernelRelease, release())
  assert.equal(features.cpus.length, cpus().length)
  assert.deepEqual(Object.keys(features.tools).sort(), ['crun', 'lxcfs', 'mkfs.xfs', 'mmdebstrap', 'nft'])
})

test('tools that are missing are absent', async () => {
  const runner = fakeProcessRunner([{ argv: ['crun', '--version'], answer: { stdout: 'crun version 1.8.1\ncommit: 0\n' } }])
  assert.deepEqual((await realHostProbe(runner).features()).tools, { crun: '1.8.1' })
})

test('a process hears a signal from when it catches it', async () => {
  const hears = (): Promise<boolean | null> => realHostProbe(realProcessRunner()).hears(process.pid, constants.signals.SIGPWR)
  assert.equal(await hears(), false)
  const caught = (): void => undefined
  process.on('SIGPWR', caught)
  assert.equal(await hears(), true)
  process.off('SIGPWR', caught)
  assert.equal(await hears(), false)
})

test('a value that the kernel does not take is refused', async () => {
  await assert.rejects(realHostProbe(realProcessRunner()).setSysctl('kernel.pid_max', 'many'), /kernel does not take this value/)
})
