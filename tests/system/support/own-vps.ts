/** VPSs of a daemon in this process, without its API. */

import assert from 'node:assert/strict'
import { admit, createVps as create, type NodeDaemon, startVps, stopVps } from '@insula/node/daemon'

type Means = NodeDaemon['means']

export async function createVps(means: Means, name: string, template: string): Promise<number> {
  const record = await admit(means, { name, template })
  await means.tasks.exclusively(record.id, () => create(means, record))
  return record.id
}

export const start = (means: Means, id: number) => means.tasks.exclusively(id, () => startVps(means, id))
export const stop = (means: Means, id: number) => means.tasks.exclusively(id, () => stopVps(means, id, { force: true }))

/** What it says; it has to succeed. */
export async function runIn(means: Means, id: number, line: string): Promise<string> {
  let output = ''
  const hear = (chunk: Buffer): void => void (output += chunk.toString())
  const session = await means.keeper.exec(`${id}`, { argv: ['sh', '-c', line] }, { stdout: hear, stderr: hear })
  session.end()
  assert.deepEqual(await session.ended, { code: 0 }, output)
  return output
}
