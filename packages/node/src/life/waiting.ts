/**
 * A VPS whose own init does not run: a waiting one holds it up while the node does something inside. No service starts and there is no network. So packages
 * are installed by the VPS's own package manager, in its user namespace and within its limits, whether it is a tenant's that is stopped or a workshop.
 */

import type { Inside } from '@insula/templates'
import { insideVps } from '../apps/inside-vps.ts'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { type Ascent, takeDown, WAITING } from './parts.ts'

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
    return await Promise.race([body(insideVps(means.keeper, vps.id, signal)), gone])
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
