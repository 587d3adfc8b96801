/** The SHA-256 of packages, from the indexes that apt has verified and left in a tree. */

import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Package } from '../package.ts'

/** @param lists directory of apt's lists; packages that none of them has stay as they are */
export async function withHashes(packages: readonly Package[], lists: string): Promise<Package[]> {
  const wanted = new Set(packages.map(keyOf))
  const hashes = new Map<string, string>()
  const names = (await readdir(lists).catch(() => [])).filter((name) => name.endsWith('_Packages'))
  for (const name of names) {
    for await (const stanza of stanzas(join(lists, name))) {
      const found = read(stanza)
      if (found !== null && wanted.has(found.key)) hashes.set(found.key, found.sha256)
    }
  }
  return packages.map((one) => {
    const sha256 = hashes.get(keyOf(one))
    return sha256 === undefined ? one : { ...one, sha256 }
  })
}

const keyOf = ({ name, version, architecture }: Package): string => `${name} ${version} ${architecture}`

/** In pieces: an index has tens of megabytes, and others wait for this process meanwhile. */
async function* stanzas(file: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'latin1', highWaterMark: 1 << 18 })) {
    const parts = (rest + String(chunk)).split('\n\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  yield rest
}

function read(stanza: string): { readonly key: string; readonly sha256: string } | null {
  const field = (name: string): string | null => {
    const start = stanza.startsWith(`${name}: `) ? 0 : stanza.indexOf(`\n${name}: `) + 1
    if (start === 0 && !stanza.startsWith(`${name}: `)) return null
    const end = stanza.indexOf('\n', start)
    return stanza.slice(start + name.length + 2, end === -1 ? undefined : end)
  }
  const [name, version, architecture, sha256] = [field('Package'), field('Version'), field('Architecture'), field('SHA256')]
  if (name === null || version === null || architecture === null || sha256 === null || !/^[0-9a-f]{64}$/.test(sha256)) return null
  return { key: keyOf({ name, version, architecture }), sha256 }
}
