/** A signed archive of small packages that a test makes, and a server for it. */

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { realProcessRunner } from '@insula/kernel'
import { serveDirectory } from './serve-directory.ts'

export interface DebWish {
  readonly name: string
  readonly version: string
  readonly depends?: string
  /** Path in the system to contents. */
  readonly files?: Readonly<Record<string, string>>
  /** "/etc/thing.conf": a file of those that the administrator may change. */
  readonly conffiles?: readonly string[]
  /** "postinst" to its shell script. */
  readonly scripts?: Readonly<Record<string, string>>
}

export interface DebRepository extends AsyncDisposable {
  readonly address: string
  readonly key: Buffer
  /** Where its files lie; a package's is NAME_VERSION_all.deb. */
  readonly directory: string
  /** Path of every request so far. */
  readonly asked: string[]
  /** Makes a package. The index does not know of it until `publish`. */
  add(wish: DebWish): Promise<string>
  publish(): Promise<void>
  /** What it does when a path is asked for, in place of giving it. */
  onRequest: ((path: string) => 'drop' | 'give') | null
}

const runner = realProcessRunner()

/** @param beside a directory that the test removes */
export async function debRepository(beside: string, codename = 'stable'): Promise<DebRepository> {
  const directory = mkdtempSync(join(beside, 'archive-'))
  const home = mkdtempSync(join(beside, 'keys-'))
  const gpg = (...args: string[]) =>
    runner.run(['gpg', '--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback', '--passphrase', '', ...args])
  await gpg('--quick-generate-key', 'Test archive <test@example.org>', 'ed25519', 'sign', 'never')
  const keyFile = join(home, 'key.gpg')
  await gpg('--output', keyFile, '--export')
  const lists = join(directory, 'dists', codename)
  const index = join(lists, 'main/binary-amd64')
  mkdirSync(index, { recursive: true })

  const asked: string[] = []
  const server = await serveDirectory(directory, (path) => {
    asked.push(path)
    return repository.onRequest?.(path) ?? 'give'
  })
  const repository: DebRepository = {
    address: server.address,
    key: readFileSync(keyFile),
    directory,
    asked,
    onRequest: null,
    add: (wish) => makeDeb(directory, wish),
    async publish() {
      const debs = readdirSync(directory).filter((name) => name.endsWith('.deb'))
      const stanzas = await Promise.all(debs.map((name) => stanzaOf(directory, name)))
      const packages = stanzas.join('\n')
      writeFileSync(join(index, 'Packages'), packages)
      const digest = createHash('sha256').update(packages).digest('hex')
      const release = [
        'Origin: Test',
        `Codename: ${codename}`,
        `Suite: ${codename}`,
        `Date: ${new Date().toUTCString()}`,
        'Architectures: amd64',
        'Components: main',
        `SHA256:\n ${digest} ${Buffer.byteLength(packages)} main/binary-amd64/Packages`,
      ]
      writeFileSync(join(lists, 'Release'), `${release.join('\n')}\n`)
      await gpg('--output', join(lists, 'InRelease'), '--clearsign', join(lists, 'Release'))
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await runner.run(['gpgconf', '--homedir', home, '--kill', 'all'])
      for (const each of [directory, home]) rmSync(each, { recursive: true, force: true })
    },
  }
  return repository
}

async function makeDeb(directory: string, { name, version, depends, files = {}, conffiles = [], scripts = {} }: DebWish) {
  const tree = mkdtempSync(join(directory, 'tree-'))
  try {
    mkdirSync(join(tree, 'DEBIAN'), { mode: 0o755 })
    const control = [
      `Package: ${name}`,
      `Version: ${version}`,
      'Architecture: all',
      'Maintainer: Test <test@example.org>',
      ...(depends === undefined ? [] : [`Depends: ${depends}`]),
      `Description: ${name}\n for a test`,
    ]
    writeFileSync(join(tree, 'DEBIAN/control'), `${control.join('\n')}\n`)
    if (conffiles.length > 0) writeFileSync(join(tree, 'DEBIAN/conffiles'), `${conffiles.join('\n')}\n`)
    for (const [script, text] of Object.entries(scripts))
      writeFileSync(join(tree, 'DEBIAN', script), `#!/bin/sh\nset -e\n${text}\n`, { mode: 0o755 })
    for (const [path, contents] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true })
      writeFileSync(join(tree, path), contents, { mode: path.includes('bin/') ? 0o755 : 0o644 })
    }
    const file = join(directory, `${name}_${version}_all.deb`)
    await runner.run(['dpkg-deb', '--root-owner-group', '-Zgzip', '--build', tree, file])
    return file
  } finally {
    rmSync(tree, { recursive: true })
  }
}

async function stanzaOf(directory: string, name: string): Promise<string> {
  const file = join(directory, name)
  const { stdout } = await runner.run(['dpkg-deb', '--field', file])
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex')
  return `${stdout.trimEnd()}\nFilename: ./${name}\nSize: ${statSync(file).size}\nSHA256: ${digest}\n`
}
