/** A fake node in a directory of its own for the tests of one file. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { API_SOCKET_ENV } from '@insula/contract/paths'
import { type FakeNode, fakeNode } from './fake-node.ts'
import { fakeVps } from './fake-state.ts'
import { type Said, runHere } from './run-here.ts'

export interface WithNode {
  /** May be used once tests run. */
  readonly node: FakeNode
  readonly socketPath: string
  /** Runs the command against it, in the process of the test: ten times faster than in its own. Without a terminal or input. */
  insula(...args: string[]): Promise<Said>
  lastRequest(): FakeNode['state']['requests'][number] | undefined
  /** Its VPSs are those of the beginning, and nothing has been asked. */
  reset(): void
}

/** It has `web` (101, running) and `off` (102, stopped). */
export function withNode(): WithNode {
  const directory = mkdtempSync(join(tmpdir(), 'insula-cli-'))
  const socketPath = join(directory, 'api.sock')
  let node: FakeNode | undefined
  before(async () => {
    node = await fakeNode(socketPath)
    reset()
  })
  after(async () => {
    await node?.close()
    rmSync(directory, { recursive: true })
  })
  const running = (): FakeNode => {
    if (node === undefined) throw new Error('the fake node is started before the tests, not while they are declared')
    return node
  }
  const reset = (): void => {
    const { vps, requests } = running().state
    vps.clear()
    vps.set(101, fakeVps(101, 'web', { state: 'running' }))
    vps.set(102, fakeVps(102, 'off'))
    requests.length = 0
  }
  return {
    socketPath,
    reset,
    get node() {
      return running()
    },
    lastRequest: () => running().state.requests.at(-1),
    async insula(...args) {
      return runHere(args, { [API_SOCKET_ENV]: socketPath, HOME: '/nonexistent' })
    },
  }
}
