/** Served files on the running kernel. fuse(4), fsopen(2). */

import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { libc } from '../libc/libc.ts'
import { answerTo, failed, REQUEST_BYTES, requestIn, resend } from './protocol.ts'
import type { FileAnswers, ServedFile, ServedFiles, ServeResult } from './served-file.ts'

const FSOPEN_CLOEXEC = 1
const FSMOUNT_CLOEXEC = 1
const SET_FLAG = 0
const SET_STRING = 1
const CREATE = 6
/** Read-only, no set-user-id, no devices, no programs. */
const MOUNT_ATTR = 1 | 2 | 4 | 8

export function makeServedFile(name: string): ServedFile {
  const connection = openSync('/dev/fuse', constants.O_RDWR | constants.O_NONBLOCK)
  const fuse = libc.fsopen('fsopen fuse', 'fuse', FSOPEN_CLOEXEC)
  const set = (key: string, value: string): void => {
    libc.fsconfig(`fsconfig ${key}`, fuse, SET_STRING, key, value, 0)
  }
  try {
    set('source', name)
    set('fd', `${connection}`)
    set('rootmode', '100444')
    set('user_id', '0')
    set('group_id', '0')
    // default_permissions: the kernel then asks for the length at each open, which it needs for splice(2).
    for (const flag of ['allow_other', 'default_permissions']) libc.fsconfig(`fsconfig ${flag}`, fuse, SET_FLAG, flag, null, 0)
    libc.fsconfig('make a fuse file system', fuse, CREATE, null, null, 0)
    const mount = libc.fsmount('fsmount fuse', fuse, FSMOUNT_CLOEXEC, MOUNT_ATTR)
    return { connection, mount: { fd: mount, [Symbol.dispose]: () => closeSync(mount) } }
  } catch (error) {
    closeSync(connection)
    throw error
  } finally {
    closeSync(fuse)
  }
}

export function realServedFiles(): ServedFiles {
  return { serve, takeOver }
}

const buffer = Buffer.alloc(REQUEST_BYTES)

function serve(connection: number, answers: FileAnswers): ServeResult {
  const length = orElse(() => readSync(connection, buffer))
  if (typeof length === 'string') return length
  const request = requestIn(buffer.subarray(0, length))
  const answer = answered()
  // Its reader may have been killed meanwhile.
  if (answer) orElse(() => writeSync(connection, answer))
  return 'served'

  function answered(): Buffer | null {
    try {
      return answerTo(request, answers)
    } catch {
      return failed(request)
    }
  }
}

function takeOver(connection: number): void {
  // EINVAL: the kernel does not know how; what was received stays unanswered.
  orElse(() => writeSync(connection, resend()))
}

/** fuse(4): ENODEV when it was unmounted, ENOENT for what was interrupted, EAGAIN when there is nothing. */
function orElse(call: () => number): number | 'nothing' | 'ended' {
  try {
    return call()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENODEV' ? 'ended' : 'nothing'
  }
}
