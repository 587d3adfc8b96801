import { fakeMachine } from '../machine/machine.ts'
import { DIRECTORY } from '../machine/tree.ts'
import { hostMountConformance } from './conformance.ts'
import { fakeHostMounts } from './fake.ts'

hostMountConformance('the fake', async () => {
  const machine = fakeMachine()
  machine.makeDirectory('/suite')
  const hostMounts = fakeHostMounts(machine)
  return {
    hostMounts,
    files: {
      makeDirectory: (path) => machine.mounts.put(path, DIRECTORY),
      write: (path, contents) => machine.mounts.put(path, { kind: 'file', contents, mode: 0o644, owner: 0 }),
      read: (path) => machine.mounts.get(path)?.contents ?? null,
      owner: (path) => machine.mounts.get(path)?.owner ?? -1,
    },
    directory: '/suite',
    async enter(path) {
      hostMounts.busy.set(path, [{ pid: 1, name: 'sh' }])
      return async () => void hostMounts.busy.delete(path)
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
})
