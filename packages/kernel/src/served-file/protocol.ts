/** The messages of FUSE that one read-only file needs: linux/fuse.h, byte by byte. */

import { constants } from 'node:os'
import type { FileAnswers } from './served-file.ts'

const HEADER = 40
const ANSWER_HEADER = 16
/** 7.31 is Linux 5.4's; a later kernel speaks it too. */
const [MAJOR, MINOR] = [7, 31]
/** The least that the kernel accepts. */
const MAX_WRITE = 4096
/** A request is not longer than this: FUSE_MIN_READ_BUFFER. */
export const REQUEST_BYTES = 8192

const FORGET = 2
const GETATTR = 3
const OPEN = 14
const READ = 15
const STATFS = 17
const RELEASE = 18
const INIT = 26
const INTERRUPT = 36
const DESTROY = 38
const BATCH_FORGET = 42
/** Nobody waits for an answer to these. */
const SILENT: readonly number[] = [FORGET, INTERRUPT, BATCH_FORGET]

/** Each read(2) comes to us, and the length does not matter to it. */
const FOPEN_DIRECT_IO = 1
const REGULAR_READ_ONLY = 0o100444
const RESEND = 7

export interface Request {
  readonly opcode: number
  readonly unique: bigint
  readonly pid: number
  readonly body: Buffer
}

/** @throws RangeError for what is shorter than a header */
export function requestIn(bytes: Buffer): Request {
  return {
    opcode: bytes.readUInt32LE(4),
    unique: bytes.readBigUInt64LE(8),
    pid: bytes.readUInt32LE(32),
    body: bytes.subarray(HEADER),
  }
}

/** Null: none is wanted. */
export function answerTo(request: Request, answers: FileAnswers): Buffer | null {
  if (SILENT.includes(request.opcode)) return null
  const body = bodyFor(request, answers)
  return typeof body === 'number' ? answer(request.unique, -body) : answer(request.unique, 0, body)
}

/** FUSE_NOTIFY_RESEND, since Linux 6.9. */
export function resend(): Buffer {
  return answer(0n, RESEND)
}

/** A refusal that nothing else could be made of. */
export const failed = ({ unique }: Request): Buffer => answer(unique, -constants.errno.EIO)

/** A number: the errno. */
function bodyFor({ opcode, pid, body }: Request, { owner, contents }: FileAnswers): Buffer | number {
  switch (opcode) {
    case INIT:
      return init()
    case GETATTR:
      return attributes(owner, contents(pid).length)
    case OPEN:
      return open()
    case READ: {
      const [offset, size] = [Number(body.readBigUInt64LE(8)), body.readUInt32LE(16)]
      return contents(pid).subarray(offset, offset + size)
    }
    case STATFS:
      return Buffer.alloc(80)
    case RELEASE:
    case DESTROY:
      return Buffer.alloc(0)
    default:
      // The kernel asks for this once, and never again.
      return constants.errno.ENOSYS
  }
}

/** struct fuse_init_out. */
function init(): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt32LE(MAJOR, 0)
  bytes.writeUInt32LE(MINOR, 4)
  bytes.writeUInt32LE(MAX_WRITE, 20)
  bytes.writeUInt32LE(1, 24)
  return bytes
}

/** struct fuse_attr_out: right at this moment, for this reader. splice(2) and sendfile(2) read no further than the length. */
function attributes(owner: number, length: number): Buffer {
  const bytes = Buffer.alloc(104)
  const attr = bytes.subarray(16)
  attr.writeBigUInt64LE(1n, 0)
  attr.writeBigUInt64LE(BigInt(length), 8)
  attr.writeUInt32LE(REGULAR_READ_ONLY, 60)
  attr.writeUInt32LE(1, 64)
  attr.writeUInt32LE(owner, 68)
  attr.writeUInt32LE(owner, 72)
  attr.writeUInt32LE(4096, 80)
  return bytes
}

/** struct fuse_open_out. */
function open(): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(FOPEN_DIRECT_IO, 8)
  return bytes
}

function answer(unique: bigint, error: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(ANSWER_HEADER)
  header.writeUInt32LE(ANSWER_HEADER + body.length, 0)
  header.writeInt32LE(error, 4)
  header.writeBigUInt64LE(unique, 8)
  return Buffer.concat([header, body])
}
