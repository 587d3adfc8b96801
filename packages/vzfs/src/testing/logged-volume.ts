/**
 * A volume on a disk of which the kernel writes down each write (dm-log-writes), and the disk as it was at any moment of that. Everything lies on a file system that
 * clones files, so that each moment is a copy that may be changed.
 */

import { closeSync, constants, copyFileSync, ftruncateSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { type LoggedWrite, type ReadAt, readWriteLog, replay } from './write-log.ts'

const DISK_BYTES = 320 * 1024 ** 2
const LOG_BYTES = 4 * 1024 ** 3
const SECTOR = 512

export interface LoggedVolume extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string
  /** Written down after all that is on the disk by now. */
  mark(text: string): Promise<void>
  /** Unmounts it for good, and reads what was written down. */
  end(): Promise<WriteHistory>
}

export interface WriteHistory {
  readonly entries: readonly LoggedWrite[]
  /** Mounts the disk as it was when so many entries were on it; moments are asked for in their order. */
  at<T>(moment: number, body: (path: string) => Promise<T>): Promise<T>
}

/** @param place an empty directory on a file system that clones files */
export async function loggedVolume(runner: ProcessRunner, place: string, name: string): Promise<LoggedVolume> {
  const at = (part: string): string => join(place, part)
  const [disk, log, path] = [at('disk'), at('log'), at('volume')] as const
  await using undo = new AsyncDisposableStack()
  const loop = async (file: string, bytes: number): Promise<string> => {
    sparse(file, bytes)
    const device = (await runner.run(['losetup', '--show', '--find', file])).stdout.trim()
    undo.defer(async () => void (await runner.run(['losetup', '--detach', device])))
    return device
  }
  const [below, logged] = [await loop(disk, DISK_BYTES), await loop(log, LOG_BYTES)]
  const table = `0 ${DISK_BYTES / SECTOR} log-writes ${below} ${logged}`
  await runner.run(['dmsetup', 'create', name, '--table', table])
  undo.defer(async () => void (await runner.run(['dmsetup', 'remove', '--retry', name])))
  const device = `/dev/mapper/${name}`
  // -K: what is discarded would be zeros to be written again.
  await runner.run(['mkfs.xfs', '-q', '-K', '-m', 'reflink=1', device])
  mkdirSync(path)
  await runner.run(['mount', '-t', 'xfs', device, path])
  undo.defer(async () => void (await runner.run(['umount', path])))
  const owned = undo.move()
  return {
    path,
    mark: async (text) => void (await runner.run(['dmsetup', 'message', name, '0', 'mark', text])),
    async end() {
      await owned.disposeAsync()
      rmSync(disk)
      return history(runner, place, log)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function history(runner: ProcessRunner, place: string, log: string): WriteHistory {
  const at = (part: string): string => join(place, part)
  const [disk, copy, path] = [at('replayed'), at('copy'), at('look')] as const
  sparse(disk, DISK_BYTES)
  mkdirSync(path)
  const reading = openSync(log, 'r')
  const readAt: ReadAt = (from, length) => {
    const bytes = Buffer.alloc(length)
    for (let done = 0; done < length;) {
      const count = readSync(reading, bytes, done, length - done, from + done)
      if (count === 0) throw new Error(`the log ends at ${from + done}`)
      done += count
    }
    return bytes
  }
  const entries = readWriteLog(readAt)
  let applied = 0
  return {
    entries,
    async at(moment, body) {
      const writing = openSync(disk, 'r+')
      const target = {
        write: (bytes: Buffer, to: number): void => void writeSync(writing, bytes, 0, bytes.length, to),
        zero: (to: number, length: number): void => void writeSync(writing, Buffer.alloc(length), 0, length, to),
      }
      for (const entry of entries.slice(applied, moment)) replay(entry, readAt, target)
      closeSync(writing)
      applied = moment
      copyFileSync(disk, copy, constants.COPYFILE_FICLONE_FORCE)
      // As after a loss of power: the file system takes up its log.
      await runner.run(['mount', '-t', 'xfs', '-o', 'loop,nouuid', copy, path])
      try {
        return await body(path)
      } finally {
        await runner.run(['umount', path])
        rmSync(copy)
      }
    },
  }
}

function sparse(file: string, bytes: number): void {
  const fd = openSync(file, 'wx', 0o600)
  ftruncateSync(fd, bytes)
  closeSync(fd)
}
