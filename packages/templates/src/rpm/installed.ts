/** The packages of a system, as its own database has them, with the SHA-256 of the files that they came from. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ProcessRunner } from '@insula/kernel'
import { type Package, sortPackages } from '../package.ts'

const FORMAT = '%{NAME} %{EPOCH} %{VERSION}-%{RELEASE} %{ARCH} %{SHA256HEADER}\\n'

/** Keys are in the database too, as packages without an architecture. */
const KEYS = 'gpg-pubkey'

/** @param cache directory that holds the packages' files at any depth */
export async function installedRpms(runner: ProcessRunner, tree: string, database: string, cache: string): Promise<Package[]> {
  const rpm = ['rpm', `--root=${tree}`, `--dbpath=${database}`, '--query'] as const
  const { stdout } = await runner.run([...rpm, '--all', `--queryformat=${FORMAT}`])
  const hashes = await hashesOf(runner, cache)
  return sortPackages(
    parse(stdout).flatMap(({ header, ...one }) => {
      if (one.name === KEYS) return []
      const sha256 = hashes.get(header)
      return [sha256 === undefined ? one : { ...one, sha256 }]
    }),
  )
}

interface Parsed extends Package {
  /** Digest of the package's header, which is the same in its file and in the database. */
  readonly header: string
}

export function parse(text: string): Parsed[] {
  return text.split('\n').flatMap((line) => {
    const [name, epoch, version, architecture, header] = line.split(' ')
    if (name === undefined || version === undefined || architecture === undefined || header === undefined) return []
    const full = epoch === '(none)' || epoch === '0' ? version : `${epoch}:${version}`
    return [{ name, version: full, architecture, header }]
  })
}

async function hashesOf(runner: ProcessRunner, cache: string): Promise<Map<string, string>> {
  const files = (await readdir(cache, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.rpm'))
    .map((entry) => join(entry.parentPath, entry.name))
  const hashes = new Map<string, string>()
  for (const file of files) {
    const argv = ['rpm', '--query', '--nosignature', '--package', file, `--queryformat=${FORMAT}`] as const
    const [one] = parse((await runner.run(argv)).stdout)
    if (one !== undefined) hashes.set(one.header, await digestOf(file))
  }
  return hashes
}

/** Of files that are not installed. */
export async function packagesIn(runner: ProcessRunner, files: readonly string[]) {
  const found = []
  for (const path of files) {
    const argv = ['rpm', '--query', '--nosignature', '--package', path, `--queryformat=${FORMAT}`] as const
    const [one] = parse((await runner.run(argv)).stdout)
    if (one === undefined) throw new Error(`${path} is no package`)
    const { name, version, architecture } = one
    found.push({ path, name, version, architecture, sha256: await digestOf(path), size: (await stat(path)).size })
  }
  return found
}

async function digestOf(file: string): Promise<string> {
  const state = createHash('sha256')
  await pipeline(createReadStream(file), state)
  return state.digest('hex')
}
