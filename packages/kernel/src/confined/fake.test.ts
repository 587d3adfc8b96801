import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeMachine } from '../machine/machine.ts'
import { fakePrivateMounts } from '../mounts/fake.ts'
import { confinedConformance, entryConformance } from './conformance.ts'
import { fakeConfinedRoots } from './fake.ts'

confinedConformance('the fake', async () => {
  const machine = fakeMachine()
  machine.writeFile('/suite/etc/name', 'text')
  return { open: fakeConfinedRoots(machine), directory: '/suite', owner: 0, [Symbol.asyncDispose]: () => Promise.resolve() }
})

entryConformance('the fake', async () => {
  const machine = fakeMachine()
  machine.writeFile('/suite/etc/name', 'text')
  return {
    open: fakeConfinedRoots(machine),
    directory: '/suite',
    owner: 0,
    make: (path, mode, owner) => machine.mounts.put(`/suite/${path}`, { kind: 'directory', contents: '', mode, owner }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})

test('the root of a process is what that process sees', () => {
  const machine = fakeMachine()
  const open = fakeConfinedRoots(machine)
  machine.writeFile('/suite/name', 'host')
  const { pid } = fakePrivateMounts(machine).inPrivateCopy((calls) => {
    calls.fileSystem('tmpfs', '/suite')
    return machine.start()
  })
  open(`/proc/${pid}/root`).write('/suite/name', 'inside', 0o600, 7)
  assert.equal(open(`/proc/${pid}/root`).read('/suite/name', 100), 'inside')
  assert.equal(open('/suite').read('/name', 100), 'host')
  machine.end(pid, { code: 0 })
  assert.throws(() => open(`/proc/${pid}/root`), /ENOENT/)
})
