/** Every kind of change that a program can make to a file, a few calls each, in a directory that holds `file`, `other`, `small`, `link` and `dir/inner`. */

import { constants } from 'node:fs'
import type { Call } from './hand.ts'

export interface Change {
  readonly name: string
  /** What root of an area does; an ordinary user who owns the files does the same. */
  readonly calls: readonly Call[]
  /** What the last call says when an ordinary user makes it. */
  readonly user?: string
  /** What the last call says to anybody: it is refused, and nothing may have changed at all. */
  readonly refused?: string
  /** The tree does not show it. */
  readonly unseen?: true
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_DIRECTORY, O_DIRECT } = constants
/** fcntl-linux.h, fallocate(2), renameat2(2), ioctl_iflags(2), linux/fs.h */
const O_TMPFILE = 0o20000000 | O_DIRECTORY
const [KEEP_SIZE, PUNCH_HOLE, COLLAPSE, ZERO, INSERT, UNSHARE] = [1, 2, 8, 16, 32, 64]
const [NOREPLACE, EXCHANGE] = [1, 2]
const [IMMUTABLE, NODUMP, NOATIME] = [0x10, 0x40, 0x80]
const XFLAG_NODUMP = 0x80
const MINE = ['mine', 3000] as const
const EVERYBODY =
  '\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x07\0\xe8\x03\0\0\x04\0\x07\0\xff\xff\xff\xff\x10\0\x07\0\xff\xff\xff\xff\x20\0\x07\0\xff\xff\xff\xff'
const CAPABILITY = '\x01\0\0\x02\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0'

const opened = (flags: number, name = 'file', slot = 1): Call => ['open', slot, name, flags, 0o644]
const made: readonly Call[] = [opened(O_CREAT | O_RDWR, 'made', 2), ['write', 2, MINE, 0]]
const change = (name: string, ...calls: readonly Call[]): Change => ({ name, calls })
const inOpened = (name: string, flags: number, ...calls: readonly Call[]): Change => change(name, opened(flags), ...calls)

export const CHANGES: readonly Change[] = [
  inOpened('write', O_WRONLY, ['write', 1, MINE, 4097]),
  inOpened('write at the end', O_WRONLY | O_APPEND, ['append', 1, MINE]),
  inOpened('write past the end', O_RDWR, ['write', 1, MINE, 900_000]),
  inOpened('write around the page cache', O_RDWR | O_DIRECT, ['writeDirect', 1, ['d', 4096], 4096]),
  inOpened('write to disk', O_RDWR, ['write', 1, MINE, 0], ['fsync', 1]),
  inOpened('open with O_TRUNC', O_WRONLY | O_TRUNC),
  change('truncate', ['truncate', 'file', 5000]),
  change('truncate to nothing', ['truncate', 'file', 0]),
  inOpened('ftruncate, longer', O_RDWR, ['ftruncate', 1, 1_000_000]),
  change('a small file', opened(O_WRONLY, 'small'), ['write', 1, MINE, 0]),
  inOpened('write through a shared mapping', O_RDWR, ['map', 1, 20_000, true, true], ['mapWrite', 1, 5000, MINE]),
  inOpened(
    'a mapping that outlives its file',
    O_RDWR,
    ['map', 1, 20_000, true, true],
    ['unlink', 'file'],
    ['mapWrite', 1, 0, MINE],
  ),
  {
    ...inOpened('write through a mapping of a file open for reading', O_RDONLY, ['map', 1, 4096, true, true]),
    refused: 'EACCES',
  },
  { ...inOpened('write to a file open for reading', O_RDONLY, ['write', 1, MINE, 0]), refused: 'EBADF' },
  inOpened('open for reading, then anew for writing', O_RDONLY, ['reopen', 2, 1, O_RDWR], ['write', 2, MINE, 0]),
  // No part of POSIX, and refused by overlayfs alone (docs/vzfs-posix.md).
  {
    ...inOpened('open for reading, unlinked, then anew for writing', O_RDONLY, ['unlink', 'file'], ['reopen', 2, 1, O_RDWR]),
    refused: 'EEXIST',
  },
  inOpened('open, unlinked, written', O_RDWR, ['unlink', 'file'], ['write', 1, MINE, 0]),
  inOpened('open, renamed, written', O_RDWR, ['rename', 'file', 'renamed'], ['write', 1, MINE, 0]),
  change('chmod', ['chmod', 'file', 0o600]),
  change('chmod, then write', ['chmod', 'file', 0o600], opened(O_RDWR), ['write', 1, MINE, 4096]),
  inOpened('fchmod of a file open for reading', O_RDONLY, ['fchmod', 1, 0o600]),
  { ...change('chown', ['chown', 'file', 5, 6]), user: 'EPERM' },
  { ...inOpened('fchown of a file open for reading', O_RDONLY, ['fchown', 1, 5, 6]), user: 'EPERM' },
  change('utimens', ['utimens', 'file', '5', '6']),
  inOpened('futimens of a file open for reading', O_RDONLY, ['futimens', 1, '5', '6']),
  change('utimens of a symbolic link', ['utimens', 'link', '5', '6']),
  change('rename', ['rename', 'file', 'renamed']),
  change('rename to another directory', ['rename', 'file', 'dir/renamed']),
  change('rename over another file', ['rename', 'file', 'other']),
  change('rename of a new file over one', ...made, ['rename', 'made', 'file']),
  change('rename without replacing', ['rename', 'file', 'renamed', NOREPLACE]),
  { ...change('rename without replacing, over another', ['rename', 'file', 'other', NOREPLACE]), refused: 'EEXIST' },
  change('exchange of two files', ['rename', 'file', 'other', EXCHANGE]),
  change('exchange of a file and a directory', ['rename', 'file', 'dir', EXCHANGE]),
  change('exchange with a new file', ...made, ['rename', 'made', 'file', EXCHANGE], ['write', 2, ['again', 9], 0]),
  change('rename of a directory', ['rename', 'dir', 'renamed']),
  change('rename of a directory, then a write below it', ['rename', 'dir', 'renamed'], opened(O_WRONLY, 'renamed/inner'), [
    'write',
    1,
    MINE,
    0,
  ]),
  change('unlink', ['unlink', 'file']),
  change('unlink and a new file', ['unlink', 'file'], opened(O_CREAT | O_RDWR), ['write', 1, MINE, 0]),
  change('rmdir', ['unlink', 'dir/inner'], ['rmdir', 'dir']),
  change('rmdir and a new directory', ['unlink', 'dir/inner'], ['rmdir', 'dir'], ['mkdir', 'dir']),
  change('link', ['link', 'file', 'linked']),
  change('link, then write through it', ['link', 'file', 'linked'], opened(O_WRONLY, 'linked'), ['write', 1, MINE, 0]),
  change('write, then link', opened(O_WRONLY), ['write', 1, MINE, 0], ['link', 'file', 'linked']),
  change('another symbolic link', ['unlink', 'link'], ['symlink', 'other', 'link']),
  change('a special file in place of a file', ['unlink', 'file'], ['mknod', 'file', 0o010600]),
  inOpened('fallocate', O_RDWR, ['fallocate', 1, 0, 500_000, 4096]),
  inOpened('fallocate, keep the size', O_RDWR, ['fallocate', 1, KEEP_SIZE, 500_000, 4096], ['fchmod', 1, 0o600]),
  inOpened('punch a hole', O_RDWR, ['fallocate', 1, PUNCH_HOLE | KEEP_SIZE, 4096, 8192]),
  inOpened('collapse', O_RDWR, ['fallocate', 1, COLLAPSE, 4096, 4096]),
  inOpened('insert', O_RDWR, ['fallocate', 1, INSERT, 4096, 4096]),
  inOpened('zero', O_RDWR, ['fallocate', 1, ZERO, 100, 10_000]),
  inOpened('unshare, then write', O_RDWR, ['fallocate', 1, UNSHARE, 0, 20_000], ['write', 1, MINE, 0]),
  change('set an attribute', ['setxattr', 'file', 'user.note', 'mine']),
  inOpened('set an attribute of a file open for reading', O_RDONLY, ['setxattr', 1, 'user.note', 'mine']),
  change('remove an attribute', ['removexattr', 'file', 'user.note']),
  change('set a list of access rights', ['setxattr', 'file', 'system.posix_acl_access', EVERYBODY]),
  change(
    'set one of a directory for what comes',
    ['setxattr', 'dir', 'system.posix_acl_default', EVERYBODY],
    opened(O_CREAT | O_RDWR, 'dir/made'),
  ),
  { ...change('give a capability', ['setxattr', 'file', 'security.capability', CAPABILITY]), user: 'EPERM' },
  inOpened('copy into it', O_WRONLY, opened(O_RDONLY, 'other', 2), ['copyRange', 2, 0, 1, 100, 5000]),
  change('copy of it, then write', opened(O_RDONLY), ...made, ['copyRange', 1, 0, 2, 0, 20_000], ['write', 2, MINE, 0]),
  inOpened('sendfile into it', O_WRONLY, opened(O_RDONLY, 'other', 2), ['sendfile', 1, 2, 0, 5000]),
  inOpened('splice into it', O_WRONLY, opened(O_RDONLY, 'other', 2), ['splice', 2, 1, 0, 5000]),
  inOpened('reflink over it', O_WRONLY, opened(O_RDONLY, 'other', 2), ['clone', 2, 1]),
  change('reflink of it, then write', opened(O_RDONLY), ...made, ['clone', 1, 2], ['write', 2, MINE, 4096]),
  inOpened('reflink of a part over another part', O_RDWR, ['cloneRange', 1, 0, 4096, 1, 8192]),
  { ...inOpened('deduplicate with it', O_RDONLY, opened(O_RDWR, 'other', 2), ['dedupe', 1, 2, 4096]), refused: 'EPERM' },
  change('O_TMPFILE and linkat', opened(O_TMPFILE | O_RDWR, '.', 2), ['write', 2, MINE, 0], ['linkFile', 2, 'linked']),
  change(
    'O_TMPFILE in place of it',
    opened(O_TMPFILE | O_RDWR, '.', 2),
    ['write', 2, MINE, 0],
    ['unlink', 'file'],
    ['linkFile', 2, 'file'],
  ),
  { ...inOpened('set inode flags', O_RDONLY, ['setFlags', 1, NODUMP | NOATIME], ['getFlags', 1]), unseen: true },
  { ...inOpened('set extended inode flags', O_RDONLY, ['setProject', 1, XFLAG_NODUMP], ['getFlags', 1]), unseen: true },
  { ...inOpened('make immutable', O_RDONLY, ['setFlags', 1, IMMUTABLE]), refused: 'EPERM' },
  { ...inOpened('another project', O_RDONLY, ['setProject', 1, 0, 7]), refused: 'EINVAL' },
  {
    ...inOpened('exchange of contents below the overlay (XFS_IOC_EXCHANGE_RANGE)', O_RDWR, ['ioctl', 1, 0x4028_5881, 40]),
    refused: 'ENOTTY',
  },
  change('chmod of a directory', ['chmod', 'dir', 0o700]),
  change('an attribute of a directory', ['setxattr', 'dir', 'user.note', 'mine']),
  change('times of a directory', ['utimens', 'dir', '5', '6']),
  change('a new file in a directory', opened(O_CREAT | O_RDWR, 'dir/made')),
]
