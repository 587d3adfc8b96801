/** PrivateMounts of a pretended machine. */

import type { FakeMachine } from '../machine/machine.ts'
import { living } from '../machine/machine.ts'
import type { MountTable } from '../machine/mount-table.ts'
import { overlayTree, plainTree, refuse, shifted, type Tree } from '../machine/tree.ts'
import type { MountCalls, MountClone, MountNamespace, PrivateMounts } from './mounts.ts'

/** Those that the keeper's world needs; the kernel says ENODEV to any other. */
const FILE_SYSTEMS = new Set(['cgroup2', 'devpts', 'mqueue', 'proc', 'sysfs', 'tmpfs'])

export function fakePrivateMounts(machine: FakeMachine): PrivateMounts {
  const namespaces = new Map<number, MountTable>()
  const clones = new Map<number, Tree>()
  const open = <T>(all: Map<number, T>, value: T): MountNamespace & MountClone => {
    const fd = machine.nextDescriptor()
    all.set(fd, value)
    return { fd, [Symbol.dispose]: () => void all.delete(fd) }
  }
  const calls: MountCalls = {
    fileSystem(type, target) {
      if (!FILE_SYSTEMS.has(type)) refuse(`mount ${type} on ${target}`, 'ENODEV')
      machine.mounts.mount(target, plainTree())
    },
    bind: (source, target) => machine.mounts.mount(target, machine.mounts.at(source)),
    detach: (target) => machine.mounts.unmount(target),
    overlay({ own, layers, pool, upper, work, root }, { fd }) {
      const ids = machine.userNamespaces.get(fd) ?? refuse(`idmap ${layers[0] ?? ''}`, 'EINVAL')
      const idmapped = layers.map((layer) => shifted(machine.mounts.at(layer), ids))
      const lower = own === null ? idmapped : [machine.mounts.at(own), ...idmapped]
      for (const directory of [pool, work]) machine.mounts.at(directory)
      machine.mounts.mount(root, overlayTree(machine.mounts.at(upper), lower))
    },
    deviceOf(target, path, owner) {
      // A bundle is a directory of the machine below; here it has to appear first.
      machine.makeDirectory(path.slice(0, path.lastIndexOf('/')))
      machine.mounts.put(path, { kind: 'device', contents: `of ${target}`, mode: 0o600, owner })
    },
    attach: ({ fd }, target) => machine.mounts.mount(target, clones.get(fd) ?? refuse(`mount on ${target}`, 'EINVAL')),
  }
  return {
    inPrivateCopy: (body) => machine.inMounts(machine.mounts.copy(), () => body(calls)),
    inNamespace: ({ fd }, body) =>
      machine.inMounts(namespaces.get(fd) ?? refuse('setns(mount namespace)', 'EINVAL'), () => body(calls)),
    keepPrivateCopy(body) {
      const copy = machine.mounts.copy()
      machine.inMounts(copy, () => body(calls))
      return open(namespaces, copy)
    },
    namespaceOf: (pid) => open(namespaces, living(machine, pid).mounts),
    clone: (path) => open(clones, machine.mounts.at(path)),
  }
}
