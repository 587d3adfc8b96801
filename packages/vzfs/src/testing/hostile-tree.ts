/** What a tenant may arrange beside an ordinary tree: what breaks whoever copies by paths, follows links, or opens what he finds. */

import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { filled } from './awkward-tree.ts'

const S_IFIFO = 0o010000
const S_IFSOCK = 0o140000
const S_IFCHR = 0o020000
const NODUMP = 0x80

/** @param base host id of the tree's root */
export function fillHostileTree(files: FileCalls, tree: string, base: number): void {
  const at = (name: string): Buffer => Buffer.from(`${tree}/${name}`)
  mkdirSync(at('hostile'))
  const file = (name: string, contents: string | Uint8Array): void => writeFileSync(at(`hostile/${name}`), contents)

  symlinkSync('/etc', at('hostile/out'))
  symlinkSync('../../../../../../../../etc/passwd', at('hostile/up'))
  symlinkSync('loop', at('hostile/loop'))
  files.makeNode(at('hostile/fifo'), S_IFIFO | 0o600, 0)
  files.makeNode(at('hostile/socket'), S_IFSOCK | 0o600, 0)
  // Deleted: a whiteout, of which overlayfs makes all with one inode.
  files.makeNode(at('hostile/whiteout-1'), S_IFCHR, 0)
  for (let index = 2; index <= 5; index++) linkSync(at('hostile/whiteout-1'), at(`hostile/whiteout-${index}`))
  mkdirSync(at('hostile/opaque'))
  files.setXattr(at('hostile/opaque'), 'trusted.overlay.opaque', Buffer.from('y'))
  file('renamed', 'moved from elsewhere')
  files.setXattr(at('hostile/renamed'), 'trusted.overlay.redirect', Buffer.from('/srv/elsewhere'))
  file('chmodded', '')
  truncateSync(at('hostile/chmodded'), 100_000)
  files.setXattr(at('hostile/chmodded'), 'trusted.overlay.metacopy', Buffer.alloc(0))
  file('named', filled(100, 1))
  // Version 3: for the root of the area. capabilities(7)
  const capability = Buffer.from('0100000300200000000000000000000000000000ffffffff', 'hex')
  capability.writeUInt32LE(base, 20)
  files.setXattr(at('hostile/named'), 'security.capability', capability)
  mkdirSync(at('hostile/inheriting'))
  files.setXattr(at('hostile/inheriting'), 'system.posix_acl_default', acl(base + 77))
  file('inheriting/child', 'made under a default list')
  const flagged = openSync(at('hostile/flagged'), 'wx')
  files.addInodeFlags(flagged, NODUMP)
  closeSync(flagged)
  // Of its size first: XFS allots more than is written at the end of a file.
  const sparse = openSync(at('hostile/holes'), 'wx')
  ftruncateSync(sparse, 64 << 20)
  for (const offset of [1 << 20, 5 << 20, (9 << 20) + 7]) writeSync(sparse, filled(20_000, offset & 0xff), 0, 20_000, offset)
  closeSync(sparse)

  for (const bytes of [[0xff, 0x0a], [0x2d, 0x72, 0x66], [0xc3], [0x24, 0x28, 0x69, 0x64, 0x29], [0x20]])
    writeFileSync(Buffer.concat([at('hostile/'), Buffer.from(bytes)]), filled(5_000, bytes[0] ?? 0))
  writeFileSync(Buffer.concat([at('hostile/'), Buffer.alloc(255, 0xfe)]), 'long')
  mkdirSync(at('hostile/closed'))
  writeFileSync(at('hostile/closed/inside'), 'x', { mode: 0o000 })
  chmodSync(at('hostile/closed'), 0o000)
  mkdirSync(at('hostile/many'))
  for (let index = 0; index < 3_000; index++) file(`many/${index}`, index % 50 === 0 ? filled(9_000, index) : `${index}`)
  mkdirSync(at('hostile/linked'))
  file('linked/first', filled(7_000, 3))
  for (let index = 0; index < 200; index++) linkSync(at('hostile/linked/first'), at(`hostile/linked/${index}`))
  linkSync(at('hostile/fifo'), at('hostile/linked/fifo'))
  linkSync(at('hostile/up'), at('hostile/linked/link'))
  deep(tree, at)
}

/** 300 directories in one another with names of 200 bytes: no path leads to the bottom. Made from the inside out. */
function deep(tree: string, at: (name: string) => Buffer): void {
  const name = 'd'.repeat(200)
  let inner = `${tree}/seed`
  mkdirSync(inner)
  writeFileSync(`${inner}/bottom`, filled(6_000, 8))
  linkSync(`${inner}/bottom`, at('hostile/bottom-too'))
  for (let level = 1; level < 300; level++) {
    const outer = `${tree}/outer-${level}`
    mkdirSync(outer)
    if (level % 10 === 0) writeFileSync(`${outer}/file`, `${level}`)
    renameSync(inner, `${outer}/${name}`)
    inner = outer
  }
  renameSync(inner, at('hostile/deep'))
}

function acl(user: number): Buffer {
  const nobody = 0xffff_ffff
  const entries = [
    [0x01, 7, nobody],
    [0x02, 6, user],
    [0x04, 5, nobody],
    [0x10, 7, nobody],
    [0x20, 0, nobody],
  ] as const
  const bytes = Buffer.alloc(4 + entries.length * 8)
  bytes.writeUInt32LE(2, 0)
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + index * 8)
    bytes.writeUInt16LE(permissions, 6 + index * 8)
    bytes.writeUInt32LE(id, 8 + index * 8)
  }
  return bytes
}
