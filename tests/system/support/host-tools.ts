/** Programs of the node's own distribution in a VPS that has no package manager, with the libraries that they need. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { realProcessRunner } from '@insula/kernel'
import type { TestNode } from './node.ts'

const WHERE = ['/usr/sbin', '/usr/bin']

/** Their files as a tar archive. */
export async function packTools(names: readonly string[]): Promise<Buffer> {
  const runner = realProcessRunner()
  const files = new Set<string>()
  for (const name of names) {
    const program = WHERE.map((directory) => join(directory, name)).find((path) => existsSync(path))
    assert.ok(program, `${name} is not installed on this machine`)
    files.add(program)
    const { stdout } = await runner.run(['ldd', program])
    for (const [, library] of stdout.matchAll(/(\/\S+) \(0x/g)) if (library) files.add(library)
  }
  const scratch = mkdtempSync('/var/tmp/insula-tools-')
  try {
    const archive = join(scratch, 'tools.tar')
    await runner.run(['tar', '-C', '/', '-chf', archive, ...[...files].map((path) => path.slice(1))])
    return readFileSync(archive)
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

export async function bringTools(node: TestNode, vps: string, names: readonly string[]): Promise<void> {
  const { code, stderr } = await node.exec(vps, ['tar', '-C', '/', '-xf', '-'], { input: await packTools(names) })
  assert.equal(code, 0, stderr)
}
