/** A Debian whose one archive is the test's own: apps for it are built where no mirror of packages is in reach. */

import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { realProcessRunner } from '@insula/kernel'
import { shippedSource } from '@insula/node'
import { fillTreeCache } from '@insula/templates'
import type { DebRepository } from '../../../packages/templates/src/testing/deb-repository.ts'
import { type TestNode, TREES } from './node.ts'

export const OWN_DEBIAN = 'own-debian'
const KEY = 'usr/share/keyrings/own.gpg'
const runner = realProcessRunner()

/** The tree of the shipped debian-12, which the lab has too. What an earlier test file left asks an archive that is gone. */
export async function ownDebian(node: TestNode, archive: Pick<DebRepository, 'address' | 'key'>): Promise<void> {
  const remove = async (): Promise<void> => {
    const all = JSON.parse(await node.ok('template', 'list', '--json')) as { name: string; ref: string }[]
    for (const { name, ref } of all) if (name === OWN_DEBIAN) await node.insula(['template', 'remove', ref])
  }
  await remove()
  after(remove)
  const work = mkdtempSync('/var/tmp/insula-own-debian-')
  try {
    const tree = await fillTreeCache(await shippedSource('debian-12'), {
      runner,
      work,
      treeCache: TREES,
      onProgress: () => undefined,
    })
    const [tar, own] = [join(work, 'own.tar'), join(work, 'own')]
    copyFileSync(tree, tar)
    for (const part of ['etc/apt/sources.list.d', 'usr/share/keyrings']) mkdirSync(join(own, part), { recursive: true })
    writeFileSync(join(own, KEY), archive.key)
    // By another name than the app's own definition has for it: apt takes it for another one.
    const address = archive.address.replace('127.0.0.1', 'localhost')
    writeFileSync(join(own, 'etc/apt/sources.list'), `deb [signed-by=/${KEY}] ${address} stable main\n`)
    writeFileSync(join(own, 'etc/apt/sources.list.d/debian.sources'), '')
    const files = [KEY, 'etc/apt/sources.list', 'etc/apt/sources.list.d/debian.sources'].map((path) => `./${path}`)
    // What comes later in an archive is what is unpacked.
    await runner.run(['tar', '--append', '--file', tar, '--directory', own, ...files])
    const { code, stderr } = await node.insula(['template', 'import', OWN_DEBIAN, tar], { deadline: 300_000 })
    assert.equal(code, 0, stderr)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
