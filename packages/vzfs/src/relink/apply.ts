/**
 * Finishes what a relink began, or takes it back: with a journal every step is done, again where it was done before; without one nothing has
 * changed yet, and the new links go.
 */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { entryPath } from '../build/entry.ts'
import { REDIRECT } from '../build/stub.ts'
import { VzfsError } from '../errors.ts'
import { removeTree } from '../remove-tree.ts'
import { areaPaths } from '../volume-paths.ts'
import { type Journal, readJournal } from './journal.ts'
import { statOrNull } from './lower.ts'
import { OPAQUE } from './marks.ts'

export interface SettleJob {
  /** Of the area. */
  readonly directory: string
}

/** @param step called before each change, for tests that stop there */
export function settle(files: FileCalls, { directory }: SettleJob, step: () => void = () => {}): void {
  const { relink, newLinks, newLinksRecord, oldLinks, newOwn } = areaPaths(directory)
  const journal = readJournal(relink)
  if (journal !== null) finish(files, directory, journal, step)
  rmSync(`${relink}.new`, { force: true })
  rmSync(newLinksRecord, { force: true })
  // Links that were kept have two names until the old ones are gone, which a tenant could see.
  for (const left of [newLinks, oldLinks, newOwn]) removeTree(Buffer.from(left), step)
}

function finish(files: FileCalls, directory: string, journal: Journal, step: () => void): void {
  const { upper, links, linksRecord, newLinks, newLinksRecord, oldLinks, newOwn, relink } = areaPaths(directory)
  const root = Buffer.from(upper)
  const at = ({ path }: { path: string }): Buffer => entryPath(root, path)
  if (inodeOf(links) !== journal.links) {
    if (inodeOf(newLinks) !== journal.links)
      throw new VzfsError('damaged', `${relink} cannot be finished: ${newLinks} is not what it is about`)
    step()
    if (inodeOf(links) !== null) renameSync(links, oldLinks)
    step()
    renameSync(newLinks, links)
  }
  if (inodeOf(newLinksRecord) !== null) {
    step()
    renameSync(newLinksRecord, linksRecord)
  }
  for (const named of journal.redirected) {
    if (!isStill(at(named), named.inode)) continue
    step()
    files.setXattr(at(named), REDIRECT, Buffer.from(named.to, 'latin1'))
  }
  for (const named of journal.placed) {
    const from = entryPath(Buffer.from(newOwn), named.from)
    if (!isStill(from, named.inode)) continue
    step()
    renameSync(from, at(named))
  }
  for (const named of journal.unmarked) {
    if (!isStill(at(named), named.inode)) continue
    for (const mark of [OPAQUE, REDIRECT]) {
      step()
      if (files.getXattr(at(named), mark) !== null) files.removeXattr(at(named), mark)
    }
  }
  for (const named of journal.removed) {
    if (!isStill(at(named), named.inode)) continue
    step()
    unlinkSync(at(named))
  }
  for (const { path, atime, mtime } of journal.times) {
    step()
    files.setTimes(at({ path }), BigInt(atime), BigInt(mtime))
  }
  const fd = openSync(directory, 'r')
  try {
    files.syncFileSystem(fd)
    step()
    unlinkSync(relink)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const inodeOf = (path: string): string | null => {
  const found = statOrNull(Buffer.from(path))
  return found === null ? null : `${found.ino}`
}

const isStill = (path: Buffer, inode: string): boolean => `${statOrNull(path)?.ino}` === inode
