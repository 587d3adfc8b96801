/** A tree with one of everything that a distribution or a tenant may put on a disk. */

import {
  chmodSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import type { FileCalls } from '@insula/kernel'

const S_IFIFO = 0o010000
const S_IFCHR = 0o020000

export function fillAwkwardTree(files: FileCalls, tree: string): void {
  const at = (name: string): Buffer => Buffer.from(`${tree}/${name}`)
  const file = (name: string, contents: string | Uint8Array, mode = 0o644): void => {
    writeFileSync(at(name), contents)
    chmodSync(at(name), mode)
  }
  for (const directory of ['bin', 'dev', 'empty', 'etc', 'srv', 'srv/shared', 'var']) mkdirSync(at(directory))

  for (const size of [0, 1, 4095, 4096, 4097, 3_000_000]) file(`srv/size-${size}`, filled(size, size))
  file('srv/twin-a', filled(9000, 7))
  file('srv/twin-b', filled(9000, 7), 0o600)
  file('srv/unreadable', filled(5000, 8), 0o000)
  writeFileSync(at('srv/sparse'), '')
  truncateSync(at('srv/sparse'), 8 << 20)
  const sparse = openSync(at('srv/sparse'), 'r+')
  writeSync(sparse, 'island', 4 << 20)
  closeSync(sparse)

  file('bin/su', filled(20_000, 9))
  lchownSync(at('bin/su'), 0, 42)
  chmodSync(at('bin/su'), 0o6755)
  file('bin/ping', filled(20_000, 10), 0o755)
  // Version 2, effective, cap_net_raw permitted. capabilities(7)
  files.setXattr(at('bin/ping'), 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'))
  file('etc/labelled', filled(6000, 11))
  files.setXattr(at('etc/labelled'), 'user.note', Buffer.from([0, 255, 1]))
  file('etc/listed', filled(6000, 12), 0o640)
  files.setXattr(
    at('etc/listed'),
    'system.posix_acl_access',
    acl([0x01, 6, NOBODY], [0x02, 7, 1000], [0x04, 4, NOBODY], [0x10, 4, NOBODY], [0x20, 0, NOBODY]),
  )
  files.setXattr(at('etc'), 'user.note', Buffer.from('directory'))
  file('etc/small-labelled', 'small')
  files.setXattr(at('etc/small-labelled'), 'user.note', Buffer.from('small'))

  file('srv/link-1', filled(10_000, 13))
  linkSync(at('srv/link-1'), at('srv/link-2'))
  linkSync(at('srv/link-1'), at('var/link-3'))
  file('srv/small-link-1', 'linked')
  linkSync(at('srv/small-link-1'), at('srv/small-link-2'))
  writeFileSync(Buffer.concat([at('srv/'), Buffer.from([0xff, 0xfe, 0x0a, 0x20])]), filled(5000, 14))
  file('srv/größe', filled(5000, 15))

  symlinkSync('../srv/size-4096', at('etc/relative'))
  symlinkSync('/nowhere', at('etc/dangling'))
  lchownSync(at('etc/dangling'), 1000, 1000)
  files.makeNode(at('var/fifo'), S_IFIFO | 0o620, 0)
  files.makeNode(at('dev/null'), S_IFCHR | 0o666, (1 << 8) | 3)
  chmodSync(at('srv/shared'), 0o3775)
  lchownSync(at('srv/shared'), 1000, 33)

  files.setTimes(at('srv/size-4097'), 1_000_000_001n, 1_234_567_890_123_456_789n)
  files.setTimes(at('srv/twin-a'), 5n, -86_400_000_000_000n)
  files.setTimes(at('etc/dangling'), 7n, 999_999_999n)
  files.setTimes(at('empty'), 8n, 1_100_000_000_000_000_001n)
  files.setTimes(at('srv'), 9n, 1_200_000_000_000_000_002n)
  files.setTimes(Buffer.from(tree), 10n, 1_300_000_000_000_000_003n)
}

/** The same bytes for the same seed; different ones for different seeds. */
export function filled(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + seed * 17 + (index >> 8)) & 0xff
  return bytes
}

const NOBODY = 0xffff_ffff

/** acl(5) as the kernel takes it: version 2, then tag, permissions, id. */
function acl(...entries: readonly (readonly [tag: number, permissions: number, id: number])[]): Buffer {
  const bytes = Buffer.alloc(4 + entries.length * 8)
  bytes.writeUInt32LE(2, 0)
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + index * 8)
    bytes.writeUInt16LE(permissions, 6 + index * 8)
    bytes.writeUInt32LE(id, 8 + index * 8)
  }
  return bytes
}
