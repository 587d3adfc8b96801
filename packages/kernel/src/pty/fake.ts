/** GiveDescriptor where nobody is root: it is written down who was given what. */

import { fstatSync } from 'node:fs'
import type { FakeMachine } from '../machine/machine.ts'
import type { GiveDescriptor } from './pty.ts'

export const fakeGiveDescriptor =
  ({ owners }: FakeMachine): GiveDescriptor =>
  (fd, uid, gid) =>
    void owners.set(identityOf(fd), { uid, gid })

/** The same for all descriptors of one terminal or one end of a pipe. */
export function identityOf(fd: number): string {
  const { dev, ino } = fstatSync(fd)
  return `${dev}:${ino}`
}
