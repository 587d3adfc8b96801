/** UserNamespaces of a pretended machine: id maps. */

import type { FakeMachine } from '../machine/machine.ts'
import type { IdMap, UserNamespaces } from './userns.ts'

export function fakeUserNamespaces({ userNamespaces, nextDescriptor }: FakeMachine): UserNamespaces {
  return async ({ base, size }) => {
    if (size < 1 || base + size > MOST_IDS)
      throw new Error(`cannot make a user namespace for the ${size} host ids from ${base}: EINVAL`)
    const fd = nextDescriptor()
    userNamespaces.set(fd, { base, size })
    return { fd, path: `${DIRECTORY}/${fd}`, [Symbol.dispose]: () => void userNamespaces.delete(fd) }
  }
}

/** What somebody who knows a namespace's path finds there. */
export const mapAt = ({ userNamespaces }: FakeMachine, path: string): IdMap | null =>
  path.startsWith(DIRECTORY) ? (userNamespaces.get(Number(path.slice(DIRECTORY.length + 1))) ?? null) : null

const DIRECTORY = '/proc/1/fd'
const MOST_IDS = 2 ** 32
