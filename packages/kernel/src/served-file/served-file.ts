/**
 * A file whose contents are made anew for each reader by whoever holds its connection, as the files of proc(5) are by the kernel. It is the root of a
 * FUSE file system of its own (linux/fuse.h) and is mounted over another file. Readers wait while nobody serves; when the last holder
 * closes the connection they get ENOTCONN.
 */

import type { MountClone } from '../mounts/mounts.ts'

export interface ServedFile {
  /** Descriptor that requests come from; told to epoll(7) as readable. Whoever made it closes it. */
  readonly connection: number
  /** To be mounted once, anywhere. */
  readonly mount: MountClone
}

/** @param name what the mount table shows for the device */
export type MakeServedFile = (name: string) => ServedFile

export interface FileAnswers {
  /** Host id of its owner and group. */
  readonly owner: number
  /** @param pid of the reading thread, in our pid namespace; 0 when it is not in there */
  readonly contents: (pid: number) => Buffer
}

/** ended: it is mounted nowhere any more. */
export type ServeResult = 'served' | 'nothing' | 'ended'

export interface ServedFiles {
  /** Answers one request, if there is one. Never waits. */
  serve(connection: number, answers: FileAnswers): ServeResult
  /** After another process served: what it received and did not answer comes again. */
  takeOver(connection: number): void
}
