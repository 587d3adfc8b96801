/** Things that a tenant does to files, at random, so that what overlayfs writes down for them comes in every combination. */

import {
  appendFileSync,
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import * as fc from 'fast-check'
import { errnoOf } from '../errors.ts'
import { filled } from './awkward-tree.ts'

/** Numbers choose among what is there when the act is done. */
export interface Act {
  readonly kind: (typeof KINDS)[number]
  readonly on: number
  readonly to: number
  readonly name: string
  readonly seed: number
}

const KINDS = [
  'write',
  'append',
  'truncate',
  'chmod',
  'chown',
  'attribute',
  'mkdir',
  'remove',
  'rename',
  'rename',
  'rename',
  'swap',
  'replace',
  'renew',
  'link',
  'symlink',
] as const

const NAMES = ['a', 'b', 'c', 'd'] as const

export const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom(...KINDS),
  on: fc.nat(1000),
  to: fc.nat(1000),
  name: fc.constantFrom(...NAMES),
  seed: fc.nat(5),
})

/** Few contents, so that others have the same; some too small to be shared. */
export const contents = (seed: number): Buffer => filled(seed === 5 ? 100 : 5000 + seed * 1000, seed)

/** Two levels of directories with files of all sorts. */
export function fillPlainTree(root: string): void {
  const fill = (directory: string, seed: number): void => {
    writeFileSync(join(directory, 'c'), contents(seed % 6))
    writeFileSync(join(directory, 'd'), contents((seed + 5) % 6))
  }
  fill(root, 0)
  for (const [index, name] of ['a', 'b'].entries()) {
    const directory = join(root, name)
    mkdirSync(directory)
    fill(directory, index + 1)
    for (const [second, below] of ['a', 'b'].entries()) {
      mkdirSync(join(directory, below))
      fill(join(directory, below), index * 2 + second)
    }
  }
  linkSync(join(root, 'a/c'), join(root, 'a/linked'))
}

/** What the kernel refuses is not done. What a file system may never say is thrown. */
export function perform(files: FileCalls, root: string, base: number, one: Act): void {
  try {
    attempt(files, root, base, one)
  } catch (error) {
    if (['EIO', 'ESTALE', 'EUCLEAN', 'ELOOP', undefined].includes(errnoOf(error))) throw error
  }
}

function attempt(files: FileCalls, root: string, base: number, { kind, on, to, name, seed }: Act): void {
  const all = pathsIn(root, '')
  const directories = ['', ...all.filter((path) => lstatSync(join(root, path)).isDirectory())]
  const pick = (paths: readonly string[], index: number): string => join(root, paths[index % Math.max(1, paths.length)] ?? 'c')
  const path = pick(all, on)
  const target = join(pick(directories, to), name)
  const isFile = lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
  switch (kind) {
    case 'write':
      writeFileSync(target, contents(seed), { flag: lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() ? 'wx' : 'w' })
      return lchownSync(target, base + seed, base)
    case 'append':
      return isFile ? appendFileSync(path, 'more') : undefined
    case 'truncate':
      return isFile ? truncateSync(path, seed * 1000) : undefined
    case 'chmod':
      return lstatSync(path).isSymbolicLink() ? undefined : chmodSync(path, 0o700 + seed)
    case 'chown':
      return lchownSync(path, base + seed, base)
    case 'attribute':
      return lstatSync(path).isSymbolicLink() ? undefined : files.setXattr(Buffer.from(path), 'user.note', Buffer.from([seed]))
    case 'mkdir':
      return mkdirSync(target)
    case 'remove':
      return rmSync(path, { recursive: true })
    case 'rename':
      return renameSync(path, target)
    case 'swap': {
      const [first, second] = [pick(directories.slice(1), on), pick(directories.slice(1), to)]
      if (first === second || first.startsWith(`${second}/`) || second.startsWith(`${first}/`)) return
      renameSync(first, join(root, 'between'))
      renameSync(second, first)
      return renameSync(join(root, 'between'), second)
    }
    case 'replace':
      // As an editor or a package does it.
      if (!isFile) return
      writeFileSync(`${path}.new`, contents(seed))
      return renameSync(`${path}.new`, path)
    case 'renew': {
      const old = pick(directories.slice(1), on)
      rmSync(old, { recursive: true })
      mkdirSync(old)
      return writeFileSync(join(old, name), contents(seed))
    }
    case 'link':
      return isFile ? linkSync(path, target) : undefined
    case 'symlink':
      if (lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === false) unlinkSync(target)
      return symlinkSync('nowhere', target)
  }
}

function pathsIn(root: string, path: string): string[] {
  return readdirSync(join(root, path), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => [join(path, entry.name), ...(entry.isDirectory() ? pathsIn(root, join(path, entry.name)) : [])])
}
