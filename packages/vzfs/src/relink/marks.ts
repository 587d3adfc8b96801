/** What overlayfs writes on files and directories of an upper or lower layer. Documentation/filesystems/overlayfs.rst */

import { type BigIntStats } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { METACOPY, REDIRECT } from '../build/stub.ts'

export const OPAQUE = 'trusted.overlay.opaque'
/** Inode flags that the kernel itself looks for in upper only. */
export const PROTECTED = 'trusted.overlay.protattr'
export const OVERLAY = 'trusted.overlay.'

/** A character device 0/0 stands for "nothing here, whatever the layers below have". */
export const isWhiteout = (stats: BigIntStats): boolean => stats.isCharacterDevice() && stats.rdev === 0n

/** The directory's own contents are all there is. */
export const isOpaque = (files: FileCalls, directory: Buffer): boolean =>
  files.getXattr(directory, OPAQUE)?.toString('latin1') === 'y'

/** Under which path (from "/") or name in the same directory the layers below have it. */
export const redirectOf = (files: FileCalls, path: Buffer): string | null =>
  files.getXattr(path, REDIRECT)?.toString('latin1') ?? null

export const isMetacopy = (files: FileCalls, file: Buffer): boolean => files.getXattr(file, METACOPY) !== null
