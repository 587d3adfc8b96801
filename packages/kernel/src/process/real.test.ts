import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startAttached } from './attached.ts'
import { processConformance } from './conformance.ts'
import { realProcessRunner } from './real.ts'
import { startService } from './service.ts'

const runner = realProcessRunner()
/** Seconds that no process sleeps but those of this one: they are looked for, and killed, by their argv. */
const long = (seconds: number): string => `${seconds}.${process.pid}`

processConformance('the real driver', realProcessRunner)

/** Pids of processes with exactly this argv. */
function running(...argv: string[]): number[] {
  const wanted = `${argv.join('\0')}\0`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1') === wanted
      } catch {
        return false
      }
    })
    .map(Number)
}

test('starts the process inside the call', async () => {
  const ended = runner.run(['sleep', '0.0517'])
  assert.ok(readFileSync('/proc/thread-self/children', 'utf8').trim() !== '')
  await ended
})

test('gives a clean environment and what was added', async () => {
  const { stdout } = await runner.run(['env'], { env: { ADDED: 'yes' } })
  assert.deepEqual(stdout.trim().split('\n').sort(), [
    'ADDED=yes',
    'LANG=C.UTF-8',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ])
})

test('the deadline ends what the command itself has started', async () => {
  // timeout(1) runs sleep as a child, in its own group when it is in the foreground.
  await assert.rejects(runner.run(['timeout', '--foreground', '60', 'sleep', long(61)], { deadline: 300 }), /did not end within/)
  assert.deepEqual(running('sleep', long(61)), [])
})

test('the deadline holds also when a descendant has left the group and keeps the pipes', async () => {
  const since = performance.now()
  await assert.rejects(runner.run(['setsid', '--fork', 'sleep', long(20)], { deadline: 300 }), /did not end within/)
  assert.ok(performance.now() - since < 5_000)
  for (const pid of running('sleep', long(20))) process.kill(pid, 'SIGKILL')
})

test('output without end is an error and not half an answer', async () => {
  await assert.rejects(runner.run(['cat', '/dev/zero']), /^ProcessFailed: cat wrote more than 64 MiB and was killed$/)
})

test('characters and lines survive the borders of chunks', async () => {
  const lines: string[] = []
  const input = 'äöü€\n'.repeat(40_000)
  await runner.run(['cat'], { input, onLine: (line) => lines.push(line) })
  assert.equal(lines.length, 40_000)
  assert.ok(lines.every((line) => line === 'äöü€'))
})

test('a command that does not read its input is no error', async () => {
  assert.equal((await runner.run(['true'], { input: Buffer.alloc(4 * 1024 * 1024) })).code, 0)
})

test('errors of the start itself: arguments too long, no working directory, not executable', async () => {
  await assert.rejects(runner.run(['true', 'x'.repeat(200_000)]), /^ProcessFailed: true could not be started \(E2BIG\)$/)
  await assert.rejects(runner.run(['true'], { cwd: '/no/such' }), /its working directory \/no\/such does not exist/)
  await assert.rejects(runner.run(['/dev/null']), /could not be started \(EACCES\)/)
  assert.throws(() => startAttached(['no-such-command'], { descriptors: [] }), /^ProcessFailed: no-such-command was not found$/)
})

test('a service has a session of its own and tells how it ended', async () => {
  const service = startService(['sleep', '60.0520'])
  // stat: pid (comm) state ppid pgrp session
  const [, , group, session] = readFileSync(`/proc/${service.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  assert.deepEqual([group, session], [`${service.pid}`, `${service.pid}`])
  process.kill(service.pid, 'SIGTERM')
  assert.deepEqual(await service.ended, { code: null, signal: 'SIGTERM' })
})
