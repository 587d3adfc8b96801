/** A signed repository of small RPM packages that a test makes, and a server for it. rpmbuild(8), createrepo_c(8) */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realProcessRunner } from '@insula/kernel'
import { serveDirectory } from './serve-directory.ts'

export interface RpmWish {
  readonly name: string
  readonly version: string
  readonly epoch?: number
  readonly requires?: readonly string[]
  /** Shell script that fills the directory $1. */
  readonly install: string
  /** As %files of a spec has them. */
  readonly files: readonly string[]
  /** "post" to its shell script, run by the system's own /bin/sh. */
  readonly scripts?: Readonly<Record<string, string>>
  /** The package's file is not signed. */
  readonly unsigned?: boolean
}

export interface RpmRepository extends AsyncDisposable {
  readonly address: string
  readonly key: Buffer
  /** Where its files lie; a package's is NAME-VERSION-1.x86_64.rpm. */
  readonly directory: string
  /** Makes a package. The index does not know of it until `publish`. */
  add(wish: RpmWish): Promise<string>
  publish(): Promise<void>
  /** What it does when a path is asked for, in place of giving it. */
  onRequest: ((path: string) => 'drop' | 'give') | null
}

const runner = realProcessRunner()

/** A key of somebody's, armored. @param home an empty directory, of mode 0700 */
export async function newKey(home: string, name: string): Promise<Buffer> {
  const gpg = (...args: string[]) => runner.run(['gpg', '--homedir', home, '--batch', '--yes', ...args])
  // RSA, because rpm of some distributions knows no other kind.
  await gpg('--pinentry-mode', 'loopback', '--passphrase', '', '--quick-generate-key', name, 'rsa2048', 'sign', 'never')
  const file = join(home, 'key.asc')
  await gpg('--armor', '--output', file, '--export')
  return readFileSync(file)
}

/** @param beside a directory that the test removes */
export async function rpmRepository(beside: string): Promise<RpmRepository> {
  const directory = mkdtempSync(join(beside, 'rpms-'))
  const home = mkdtempSync(join(beside, 'keys-'))
  const key = await newKey(home, 'test@example.org')
  writeFileSync(join(home, '.rpmmacros'), `%_gpg_name test@example.org\n%_gpg_path ${home}\n%__gpg /usr/bin/gpg\n`)
  const server = await serveDirectory(directory, (path) => repository.onRequest?.(path) ?? 'give')
  const repository: RpmRepository = {
    address: server.address,
    key,
    directory,
    onRequest: null,
    async add(wish) {
      const file = await makeRpm(directory, home, wish)
      if (wish.unsigned !== true) await runner.run(['rpmsign', '--addsign', file], { env: { HOME: home } })
      return file
    },
    async publish() {
      // Not --update: of a package that was made anew within a second it keeps what it knew of the one before.
      await runner.run(['createrepo_c', '--quiet', directory])
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await runner.run(['gpgconf', '--homedir', home, '--kill', 'all'])
      for (const each of [directory, home]) rmSync(each, { recursive: true, force: true })
    },
  }
  return repository
}

async function makeRpm(directory: string, home: string, wish: RpmWish): Promise<string> {
  const { name, version, epoch, requires = [], install, files, scripts = {} } = wish
  const top = mkdtempSync(join(home, 'build-'))
  try {
    const spec = join(top, `${name}.spec`)
    writeFileSync(
      spec,
      [
        '%global debug_package %{nil}',
        '%global __os_install_post %{nil}',
        `Name: ${name}`,
        `Version: ${version}`,
        'Release: 1',
        ...(epoch === undefined ? [] : [`Epoch: ${epoch}`]),
        'Summary: for a test',
        'License: Apache-2.0',
        'AutoReqProv: no',
        ...requires.map((each) => `Requires: ${each}`),
        '%description',
        'For a test.',
        '%install',
        `set -- %{buildroot}\nmkdir -p $1\n${install}`,
        ...Object.entries(scripts).map(([phase, script]) => `%${phase} -p /bin/sh\n${script}`),
        '%files',
        ...files,
        '',
      ].join('\n'),
    )
    mkdirSync(join(top, 'out'))
    const places = [`_topdir ${top}`, `_rpmdir ${directory}`, '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm']
    const defines = places.flatMap((each) => ['--define', each])
    await runner.run(['rpmbuild', '-bb', '--target', 'x86_64', ...defines, spec], { env: { HOME: home } })
    return join(directory, `${name}-${version}-1.x86_64.rpm`)
  } finally {
    rmSync(top, { recursive: true })
  }
}
