/**
 * A VPS whose own init does not run: a waiting one holds it up while the node does something inside. No service starts and there is no network. So packages
 * are installed by the VPS's own package manager, in its user namespace and within its limits, whether it is a tenant's that is stopped or a workshop.
 */

import type { ExecEnd } from '../keeper/keeper.ts'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { type Ascent, takeDown, WAITING } from './parts.ts'

export interface RunInside {
  readonly input?: Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

export interface Ran {
  readonly end: ExecEnd
  /** Standard output and error, the last of it when it is long. */
  readonly output: string
}

export interface Inside {
  /** As root. A command that runs when the work is cancelled is ended. @throws the signal's reason */
  run(argv: readonly string[], options?: RunInside): Promise<Ran>
}

const WAIT = ['/bin/sh', '-c', 'while :; do sleep 86400 & wait $!; done']
/** Asked by every package's scripts before they start a service. invoke-rc.d(8) */
export const POLICY = '/usr/sbin/policy-rc.d'
const NO_SERVICE = '#!/bin/sh\n# Insula, while packages are installed.\nexit 101\n'
const MOST_OUTPUT = 65_536

/** In the VPS's turn, when it does not run. Whatever body did, nothing of it runs afterwards. */
export async function whileWaiting<T>(
  means: Means,
  vps: VpsRecord,
  signal: AbortSignal,
  body: (inside: Inside) => Promise<T>,
): Promise<T> {
  const policy = await policyOf(means, vps)
  const files = policy === null || policy === NO_SERVICE ? [{ path: POLICY, contents: NO_SERVICE, mode: 0o755 }] : []
  const ascent: Ascent = { vps, root: null, quota: null, procFiles: [], pid: null, waiting: { args: WAIT, files } }
  using exit = means.exits.expect(vps.id)
  const gone = exit.ended.then(() => {
    throw failure('start_failed', `what holds VPS "${vps.name}" up has ended`, 'is there a /bin/sh in it?')
  })
  gone.catch(() => undefined)
  try {
    for (const part of WAITING) await part.up(means, ascent)
    return await Promise.race([body(inside(means, vps.id, signal)), gone])
  } finally {
    await endWaiting(means, vps)
  }
}

/** Also of one that an earlier daemon held up. */
export async function endWaiting(means: Means, vps: VpsRecord): Promise<void> {
  await takeDown(means, vps, WAITING)
  const { areas } = means.vzfs
  if ((await areas.show(vps.id).catch(() => null)) === null) return
  await means.areaView(await areas.plan(vps.id), vps.base, (root) => {
    if (root.read(POLICY, MOST_OUTPUT) === NO_SERVICE) root.remove(POLICY)
  })
}

const policyOf = async ({ vzfs, areaView }: Means, { id, base }: VpsRecord): Promise<string | null> =>
  areaView(await vzfs.areas.plan(id), base, (root) => root.read(POLICY, MOST_OUTPUT))

function inside({ keeper }: Means, id: number, signal: AbortSignal): Inside {
  return {
    async run(argv, { input, env } = {}) {
      signal.throwIfAborted()
      let output = ''
      const hear = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-MOST_OUTPUT))
      const session = await keeper.exec(`${id}`, { argv, ...(env === undefined ? {} : { env }) }, { stdout: hear, stderr: hear })
      const { promise: aborted, reject } = Promise.withResolvers<never>()
      const stop = (): void => {
        session.close()
        reject(signal.reason as Error)
      }
      aborted.catch(() => undefined)
      // It may have been cancelled while the command began.
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop)
      try {
        if (input !== undefined) await Promise.race([session.write(input), aborted])
        session.end()
        return { end: await Promise.race([session.ended, aborted]), output }
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
  }
}
