/** A fake node in a directory of its own for the tests of one file. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { type FakeNode, fakeNode } from './fake-node.ts'
import { fakeVps } from './fake-state.ts'

/** `node` may be used once tests run. It has `web` (101, running) and `off` (102, stopped). */
export function withNode(): { readonly node: FakeNode; readonly socketPath: string } {
  const directory = mkdtempSync(join(tmpdir(), 'insula-cli-'))
  const socketPath = join(directory, 'api.sock')
  let node: FakeNode | undefined
  before(async () => {
    node = await fakeNode(socketPath)
    node.state.vps.set(101, fakeVps(101, 'web', { state: 'running' }))
    node.state.vps.set(102, fakeVps(102, 'off'))
  })
  after(async () => {
    await node?.close()
    rmSync(directory, { recursive: true })
  })
  return {
    socketPath,
    get node() {
      if (node === undefined) throw new Error('the fake node is started before the tests, not while they are declared')
      return node
    },
  }
}
