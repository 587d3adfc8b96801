/** DescriptorStore without a supervisor: it keeps copies until the next process asks for them. */

import { closeSync } from 'node:fs'
import { directCalls } from '../libc/direct.ts'
import { SystemCallFailed } from '../libc/libc.ts'
import type { DescriptorStore } from './store.ts'

export interface FakeDescriptorStore extends DescriptorStore, Disposable {
  /** Copies of all that is kept, by name, as the next process inherits them. */
  inherit(): Map<string, number>
}

const SYS_FCNTL = 72
const F_DUPFD_CLOEXEC = 1030

export function fakeDescriptorStore(): FakeDescriptorStore {
  const fcntl = directCalls()('long (long number, int fd, int operation, long argument)')
  const kept = new Map<string, number>()
  const copyOf = (fd: number): number => {
    const copy = fcntl(SYS_FCNTL, fd, F_DUPFD_CLOEXEC, 3)
    if (copy < 0) throw new SystemCallFailed(`copy descriptor ${fd}`, -copy)
    return copy
  }
  const drop = (name: string): void => {
    const fd = kept.get(name)
    if (fd !== undefined) closeSync(fd)
    kept.delete(name)
  }
  return {
    store(name, fd) {
      drop(name)
      kept.set(name, copyOf(fd))
    },
    drop,
    inherit: () => new Map([...kept].map(([name, fd]) => [name, copyOf(fd)])),
    [Symbol.dispose]: () => [...kept.keys()].forEach(drop),
  }
}
