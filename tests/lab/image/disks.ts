/** Disk images of the machine: each made whole or not at all, and cached by what it is made from. */

import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { ROOT_SIGNATURE } from '../layout.ts'

const DEADLINE_MS = 300_000

export interface Disk {
  readonly image: string
  readonly bytes: number
  readonly label: string
}

/** A sparse ext4 image with the contents of `directory`, made without mounting anything. A journal is of no use to a disk that is thrown away. */
export async function ext4Of(runner: ProcessRunner, directory: string, { image, bytes, label }: Disk): Promise<void> {
  makeSparse(image, bytes)
  await makeExt4(runner, directory, ['-L', label, '-E', 'lazy_itable_init=1,nodiscard', image])
}

/** The same as the only partition of a disk: it is found by the disk's signature. */
export async function bootDiskOf(runner: ProcessRunner, directory: string, image: string, bytes: number): Promise<void> {
  makeSparse(image, bytes)
  const file = openSync(image, 'r+')
  writeSync(file, partitionTable(bytes / SECTOR), 0, SECTOR, 0)
  closeSync(file)
  const blocks = (bytes - FIRST_SECTOR * SECTOR) / 4096
  await makeExt4(runner, directory, [
    '-b',
    '4096',
    '-E',
    `offset=${FIRST_SECTOR * SECTOR},lazy_itable_init=1,nodiscard`,
    image,
    `${blocks}`,
  ])
}

export async function emptyXfs(runner: ProcessRunner, { image, bytes, label }: Disk): Promise<void> {
  makeSparse(image, bytes)
  await runner.run(['mkfs.xfs', '-q', '-K', '-m', 'reflink=1', '-L', label, image], { deadline: DEADLINE_MS })
}

const SECTOR = 512
const FIRST_SECTOR = 2048

/** One partition in a master boot record, with the signature that makes its PARTUUID. */
function partitionTable(sectors: number): Buffer {
  const record = Buffer.alloc(SECTOR)
  record.writeUInt32LE(ROOT_SIGNATURE, 0x1b8)
  record.writeUInt8(0x83, 0x1be + 4)
  record.writeUInt32LE(FIRST_SECTOR, 0x1be + 8)
  record.writeUInt32LE(sectors - FIRST_SECTOR, 0x1be + 12)
  record.writeUInt16LE(0xaa55, 0x1fe)
  return record
}

async function makeExt4(runner: ProcessRunner, directory: string, rest: readonly string[]): Promise<void> {
  const options = ['-q', '-F', '-O', '^has_journal', '-d', directory]
  await runner.run(['mkfs.ext4', ...options, ...rest], { deadline: DEADLINE_MS })
}

function makeSparse(image: string, bytes: number): void {
  const file = openSync(image, 'w', 0o600)
  ftruncateSync(file, bytes)
  closeSync(file)
}

/** Those of another branch are wanted again soon. */
const UNUSED_DAYS = 7

/** The directory `path`, filled by `make` if it is not there yet. Others of the same kind go when nobody has used them for long. */
export async function cachedDirectory(path: string, make: (staged: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) {
    utimesSync(path, new Date(), new Date())
    return path
  }
  const parent = dirname(path)
  const kind = basename(path).replace(/-[^-]*$/, '')
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  const staged = join(parent, `.new-${process.pid}-${basename(path)}`)
  try {
    mkdirSync(staged)
    await make(staged)
    if (!existsSync(path)) renameSync(staged, path)
  } finally {
    rmSync(staged, { recursive: true, force: true })
  }
  const unusedSince = Date.now() - UNUSED_DAYS * 86_400_000
  for (const name of readdirSync(parent).filter((each) => each.startsWith(`${kind}-`))) {
    const other = join(parent, name)
    if ((statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < unusedSince)
      rmSync(other, { recursive: true, force: true })
  }
  return path
}
