/** ConfinedRoot of a pretended machine, which has no links. */

import type { FakeMachine } from '../machine/machine.ts'
import { living } from '../machine/machine.ts'
import { refuse, type Tree } from '../machine/tree.ts'
import type { OpenConfinedRoot } from './confined.ts'

export function fakeConfinedRoots(machine: FakeMachine): OpenConfinedRoot {
  const rootOf = (path: string): Pick<Tree, 'get' | 'put'> => {
    const pid = /^\/proc\/(\d+)\/root$/.exec(path)?.[1]
    if (pid !== undefined) return living(machine, Number(pid)).mounts
    const { mounts } = machine
    if (mounts.get(path)?.kind !== 'directory') refuse(`open ${path}`, 'ENOENT')
    return { get: (inside) => mounts.get(`${path}/${inside}`), put: (inside, entry) => mounts.put(`${path}/${inside}`, entry) }
  }
  return (path) => {
    const root = rootOf(path)
    return {
      read(inside, most) {
        const entry = root.get(inside)
        return entry?.kind === 'file' && Buffer.byteLength(entry.contents) <= most ? entry.contents : null
      },
      isDirectory: (inside) => root.get(inside)?.kind === 'directory',
      refusesEntry(inside, { uid, gid }) {
        const names = inside.split('/').filter(Boolean)
        for (const depth of [...names.keys(), names.length]) {
          const entry = root.get(`/${names.slice(0, depth).join('/')}`)
          if (!entry) return 'ENOENT'
          if (entry.kind !== 'directory') return 'ENOTDIR'
          // The pretended machine has no groups: the group of what it holds has its owner's number.
          const searched = entry.owner === uid ? 0o100 : entry.owner === gid ? 0o010 : 0o001
          if ((entry.mode & searched) === 0) return 'EACCES'
        }
        return null
      },
      write(inside, contents, mode, owner) {
        const before = root.get(inside)
        if (before?.contents === contents || (before && before.kind !== 'file')) return false
        if (root.get(inside.slice(0, inside.lastIndexOf('/')))?.kind !== 'directory') return false
        root.put(inside, { kind: 'file', contents, mode, owner })
        return true
      },
      remove(inside) {
        const before = root.get(inside)
        if (!before || before.kind === 'directory') return false
        root.put(inside, null)
        return true
      },
      makeDirectory(inside, mode, owner) {
        if (root.get(inside) || root.get(inside.slice(0, inside.lastIndexOf('/')))?.kind !== 'directory') return false
        root.put(inside, { kind: 'directory', contents: '', mode, owner })
        return true
      },
      [Symbol.dispose]: () => undefined,
    }
  }
}
