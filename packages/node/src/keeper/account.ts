/** Looks a user up in a VPS's own /etc/passwd and /etc/group, as login(1) would. passwd(5), group(5). */

import type { ConfinedRoot } from '@insula/kernel'
import { KeeperError } from './errors.ts'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
  readonly home: string
  readonly shell: string
}

/** Larger account files are not read: nobody's are, but a hostile tenant's. */
const MOST = 4 * 1024 * 1024
const LARGEST_ID = 65_535
const ROOT = ['root', 'x', '0', '0', 'root', '/root', '/bin/sh']

/** @param spec "name", "uid", "name:group", "uid:gid" @throws KeeperError user_unknown */
export function findAccount(root: Pick<ConfinedRoot, 'read'>, spec: string): Account {
  const [user = '', group] = spec.split(':', 2)
  const entries = lines(root.read('/etc/passwd', MOST))
  const entry =
    entries.find((fields) => fields[0] === user) ??
    entries.find((fields) => isId(user) && fields[2] === user) ??
    // Root is there whatever the file says, or is: the administrator may have come to mend it.
    (user === 'root' ? ROOT : undefined)
  if (!entry && !isId(user)) throw new KeeperError('user_unknown', `the VPS has no user "${user}" in its /etc/passwd`)
  const name = entry?.[0] ?? user
  const groups = lines(root.read('/etc/group', MOST))
  const gid = group === undefined ? Number(entry?.[3] ?? 0) : groupId(groups, group)
  return {
    name,
    uid: inRange(Number(entry?.[2] ?? user), spec),
    gid: inRange(gid, spec),
    groups: groups
      .filter((fields) => (fields[3] ?? '').split(',').includes(name))
      .map((fields) => Number(fields[2]))
      .filter((id) => Number.isInteger(id) && id >= 0 && id <= LARGEST_ID),
    home: entry?.[5] || '/',
    shell: entry?.[6] || '/bin/sh',
  }
}

function groupId(groups: string[][], group: string): number {
  const found = groups.find((fields) => fields[0] === group)
  if (found) return Number(found[2])
  if (isId(group)) return Number(group)
  throw new KeeperError('user_unknown', `the VPS has no group "${group}" in its /etc/group`)
}

function inRange(id: number, spec: string): number {
  if (Number.isInteger(id) && id >= 0 && id <= LARGEST_ID) return id
  throw new KeeperError('user_unknown', `"${spec}" is not a user of the VPS: its ids go from 0 to ${LARGEST_ID}`)
}

const isId = (text: string): boolean => /^\d{1,10}$/.test(text)
const lines = (text: string | null): string[][] => (text ?? '').split('\n').map((line) => line.split(':'))
