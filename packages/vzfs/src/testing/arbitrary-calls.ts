/** Any calls on the files of the sample tree, in any order, by root of an area and by an ordinary user. */

import { constants } from 'node:fs'
import fc from 'fast-check'
import type { Call } from './hand.ts'
import { LARGE, SAMPLE_PATHS } from './sample-tree.ts'

/** `['remount']` and `['relink']` are no calls: the area is mounted anew, in the latter case after a relink, and all open files go with the mount. */
export interface Step {
  readonly side: number
  readonly user: number
  readonly call: Call
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'l', 'small', 'empty', 'run', 'labelled', 'listed', 'fifo', 'new']
const DIRECTORIES = ['', 'd/', 'd/e/', 'd/e/f/', 'g/', 'new/', 'g/l/']

/** fcntl-linux.h, fallocate(2), renameat2(2) */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY
const KEEP_SIZE = 1
const PUNCH_HOLE = 2
const COLLAPSE = 8
const ZERO = 16
const INSERT = 32

const anyPath = fc.tuple(fc.constantFrom(...DIRECTORIES), fc.constantFrom(...NAMES)).map((parts) => parts.join(''))
/** Most calls should find something to work on. */
const path = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...SAMPLE_PATHS) }, { weight: 1, arbitrary: anyPath })
const slot = fc.nat({ max: 1 })
const offset = fc.constantFrom(0, 1, 99, 4095, 4096, 8192, 19_999, 30_000)
const length = fc.constantFrom(1, 100, 4096, 8192, LARGE)
const data = fc.tuple(fc.constantFrom('x', 'yz', '\0\xff'), fc.constantFrom(1, 50, 4096, 9000))
const size = fc.constantFrom(0, 1, 100, 4096, 5000, LARGE, 40_000)
const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o4755, 0o2711, 0o777, 0o000, 0o1777)
const id = fc.constantFrom(0, 1000, 1001)
const time = fc.constantFrom('0', '86400000000001', '999999999000000000')
const openFlags = fc
  .tuple(
    fc.constantFrom(constants.O_RDONLY, constants.O_WRONLY, constants.O_RDWR, constants.O_RDWR),
    fc.constantFrom(0, 0, constants.O_CREAT, constants.O_CREAT, constants.O_CREAT | constants.O_EXCL),
    fc.constantFrom(0, 0, 0, constants.O_TRUNC),
    fc.constantFrom(0, 0, 0, constants.O_APPEND),
    fc.constantFrom(0, 0, 0, constants.O_NOFOLLOW),
  )
  // A fifo would wait for the other end.
  .map((flags) => flags.reduce((all, flag) => all | flag, constants.O_NONBLOCK))
const attribute = fc.constantFrom('user.note', 'user.other')
const value = fc.constantFrom('', 'two', ['\0\xff', 30])

const call = fc.oneof(
  { weight: 40, arbitrary: fc.tuple(fc.constant('open'), slot, path, openFlags, mode) },
  { weight: 10, arbitrary: fc.tuple(fc.constant('write'), slot, data, offset) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('append'), slot, data) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('read'), slot, length, offset) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('close'), slot) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('mapPatch'), slot, offset, fc.constantFrom('m', ['map', 30])) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('ftruncate'), slot, size) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('truncate'), path, size) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('fallocate'),
      slot,
      fc.constantFrom(0, KEEP_SIZE, PUNCH_HOLE | KEEP_SIZE, COLLAPSE, ZERO, ZERO | KEEP_SIZE, INSERT),
      offset,
      length,
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant('fsync'), slot) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('chmod'), path, mode) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('fchmod'), slot, mode) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('chown'), path, id, id) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('fchown'), slot, id, id) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('utimens'), path, time, time) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('futimens'), slot, time, time) },
  // Plain, without replacing, in exchange.
  { weight: 10, arbitrary: fc.tuple(fc.constant('rename'), path, path, fc.constantFrom(0, 0, 0, 1, 2)) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('unlink'), path) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('rmdir'), path) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('mkdir'), path, mode) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('link'), path, path) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('symlink'), path, path) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('mknod'), path, fc.constantFrom(0o010600, 0o140600), fc.constant(0)) },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constant('open'),
      slot,
      fc.constantFrom('.', 'd', 'g'),
      fc.constant(O_TMPFILE | constants.O_RDWR),
      mode,
    ),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant('linkFile'), slot, path) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('reopen'),
      slot,
      slot,
      fc.constantFrom(constants.O_NONBLOCK, constants.O_NONBLOCK | constants.O_RDWR),
    ),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant('setxattr'), path, attribute, value, fc.constantFrom(0, 0, 1, 2)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('removexattr'), path, attribute) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('xattrs'), path) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('copyRange'), slot, offset, slot, offset, length) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('clone'), slot, slot) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('cloneRange'),
      slot,
      fc.constantFrom(0, 4096),
      fc.constantFrom(0, 4096, 8192),
      slot,
      fc.constantFrom(0, 4096, 8192),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('sendfile'), slot, slot, offset, length) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('splice'), slot, slot, offset, length) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('readlink'), path) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('readdir'), path) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('access'), path, fc.constantFrom(1, 2, 4)) },
  { weight: 1, arbitrary: fc.constant(['remount'] as const) },
  { weight: 1, arbitrary: fc.constant(['relink'] as const) },
) as fc.Arbitrary<Call>

const step: fc.Arbitrary<Step> = fc.record({ side: fc.nat({ max: 1 }), user: fc.constantFrom(0, 0, 1000), call })

export const arbitrarySteps: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 1, maxLength: 300, size: 'max' })
