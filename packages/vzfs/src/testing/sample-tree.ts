/** A small tree with one of each kind of file that a layer keeps in its own way, as calls that make it: in a layer's source, and in an ordinary directory. */

import { constants } from 'node:fs'
import type { Call, Hand } from './hand.ts'

/** Long ago: what nobody has changed since shows it. */
export const THEN = '1000000000000000000'
/** acl(5) as an attribute, with a mask and nobody's name: what becomes of names is told in docs/vzfs-posix.md. */
const ACL =
  '\x02\0\0\0' +
  '\x01\0\x06\0\xff\xff\xff\xff' +
  '\x04\0\x04\0\xff\xff\xff\xff' +
  '\x10\0\x04\0\xff\xff\xff\xff' +
  '\x20\0\0\0\xff\xff\xff\xff'
/** capabilities(7), version 2: CAP_NET_RAW. */
const CAPABILITY = '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0'

export const LARGE = 20_000

/** What lies in files at the beginning: different in each of them. */
export const contentsOf = (name: string, size = LARGE): string =>
  `${name}\n`.repeat(Math.ceil(size / (name.length + 1))).slice(0, size)

const file = (name: string, size = LARGE): readonly Call[] => [
  ['open', 0, name, constants.O_CREAT | constants.O_RDWR, 0o644],
  ['write', 0, contentsOf(name, size), 0],
  ['close', 0],
]

const LARGE_FILES = ['a', 'b', 'c', 'd/a', 'd/b', 'd/e/a', 'd/e/f/a', 'g/a', 'g/b', 'run', 'labelled', 'listed']

export const SAMPLE_PATHS = [...LARGE_FILES, 'small', 'd/small', 'empty', 'd', 'd/e', 'd/e/f', 'g', 'l', 'g/l', 'd/fifo']

const CALLS: readonly Call[] = [
  ['mkdir', 'd', 0o777],
  ['chmod', 'd', 0o1777],
  ['mkdir', 'd/e'],
  ['mkdir', 'd/e/f'],
  ['mkdir', 'g'],
  ...LARGE_FILES.flatMap((name) => file(name)),
  ...file('small', 100),
  ...file('d/small', 100),
  ...file('empty', 0),
  ['symlink', 'a', 'l'],
  ['symlink', '/d/e', 'g/l'],
  ['mknod', 'd/fifo', 0o010644, 0],
  ['setxattr', 'labelled', 'user.note', 'one'],
  ['setxattr', 'd/e', 'user.note', 'directory'],
  ['chown', 'g', 1000, 1000],
  ['chown', 'g/a', 1000, 1000],
  ['chown', 'd/b', 1000, 1000],
  ['chmod', 'run', 0o6755],
  ['setxattr', 'run', 'security.capability', CAPABILITY],
  ['setxattr', 'listed', 'system.posix_acl_access', ACL],
]

export async function fillSampleTree(hand: Hand): Promise<void> {
  for (const call of CALLS) await hand.do(...call)
  const made = (await hand.do('tree', '/')) as readonly (readonly [path: string, ...rest: unknown[]])[]
  for (const [path] of made.toReversed()) await hand.do('utimens', `/${path}`, THEN, THEN)
}
