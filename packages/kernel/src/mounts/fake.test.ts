import assert from 'node:assert/strict'
import { type FakeMachine, fakeMachine } from '../machine/machine.ts'
import { DIRECTORY } from '../machine/tree.ts'
import { fakeUserNamespaces } from '../userns/fake.ts'
import { mountConformance, type SeenFiles } from './conformance.ts'
import { fakePrivateMounts } from './fake.ts'

mountConformance('the fake', async () => {
  const machine = fakeMachine()
  machine.makeDirectory('/suite')
  return {
    mounts: fakePrivateMounts(machine),
    userNamespaces: fakeUserNamespaces(machine),
    files: filesOf(machine),
    directory: '/suite',
    start: async () => machine.start().pid,
    end: async (pid) => machine.end(pid, { code: 0 }),
    [Symbol.asyncDispose]: async () => assert.equal(machine.processes.size, 0),
  }
})

function filesOf(machine: FakeMachine): SeenFiles {
  return {
    makeDirectory: (path) => machine.mounts.put(path, DIRECTORY),
    write(path, contents) {
      const { owner } = machine.mounts.get(path) ?? { owner: 0 }
      machine.mounts.put(path, { kind: 'file', contents, mode: 0o644, owner })
    },
    read: (path) => machine.mounts.get(path)?.contents ?? null,
    owner: (path) => machine.mounts.get(path)?.owner ?? -1,
  }
}
