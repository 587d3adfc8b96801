import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeExitWatch } from '../exits/fake.ts'
import { fakeMachine } from '../machine/machine.ts'
import { runtimeConformance } from './conformance.ts'
import { type FakeProgram, fakeRuntime } from './fake.ts'

const PROGRAMS: Readonly<Record<string, FakeProgram>> = {
  idle: () => new Promise(() => undefined),
  'exit-with': async ({ argv }) => ({ code: Number(argv[1]) }),
  'kill-by': async ({ argv }) => ({ signal: Number(argv[1]) }),
  async say({ argv, write }) {
    await write('stdout', Buffer.from(`${argv[1]}\n`))
    await write('stderr', Buffer.from(`no ${argv[1]}\n`))
    return { code: 0 }
  },
  async cat({ readAll, write }) {
    await write('stdout', await readAll())
    return { code: 0 }
  },
}

runtimeConformance('the fake', async () => {
  const machine = fakeMachine()
  const directory = mkdtempSync(join(tmpdir(), 'insula-runtime-'))
  const open = readdirSync('/proc/self/fd').length
  machine.makeDirectory('/rootfs')
  return {
    runtime: fakeRuntime(machine, (_container, [name = '']) => PROGRAMS[name.replace('/bin/', '')] ?? null),
    cgroups: machine.cgroups,
    cgroup: 'suite/1',
    exits: fakeExitWatch(machine),
    directory,
    writeConfig(bundle, args) {
      mkdirSync(bundle, { recursive: true })
      writeFileSync(join(bundle, 'config.json'), JSON.stringify({ root: { path: '/rootfs' }, process: { args, cwd: '/' } }))
    },
    inside: (body) => body(),
    kill: (pid, signal) => void machine.kill(pid, signal),
    [Symbol.asyncDispose]: async () => {
      rmSync(directory, { recursive: true })
      assert.equal(machine.processes.size, 0)
      assert.equal(readdirSync('/proc/self/fd').length, open, 'a descriptor is left open')
    },
  }
})
