/** Packages of Debian as a later version of themselves: for tests of upgrades that need real programs. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'

/** @param into where NAME_VERSION_ARCH.deb will lie @param beside a directory that the caller removes */
export async function repacked(runner: ProcessRunner, names: readonly string[], into: string, beside: string): Promise<void> {
  const fetched = join(beside, 'fetched')
  mkdirSync(fetched)
  await runner.run(['env', `--chdir=${fetched}`, 'apt-get', '-q', 'download', '-o', 'APT::Sandbox::User=root', ...names], {
    deadline: 120_000,
  })
  for (const file of readdirSync(fetched)) {
    const tree = join(beside, file.replace(/\.deb$/, ''))
    await runner.run(['dpkg-deb', '--raw-extract', join(fetched, file), tree])
    const control = join(tree, 'DEBIAN/control')
    const text = readFileSync(control, 'utf8')
    const version = /^Version: (.*)$/m.exec(text)?.[1] ?? ''
    // Also where one asks for the other.
    writeFileSync(control, text.replaceAll(version, `${version}+later1`))
    await runner.run(['dpkg-deb', '--root-owner-group', '-Zgzip', '--build', tree, into])
  }
}
