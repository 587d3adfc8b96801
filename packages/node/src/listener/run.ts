/**
 * insula-listener's composition root and its loop. One thread that does one thing at a time: it waits, answers, waits. It is the keeper's child and ends
 * with it; the keeper watches that no tenant holds it up.
 */

import { readSync, writeSync } from 'node:fs'
import {
  dieWithParent,
  realCgroupViews,
  realFileCalls,
  realListeners,
  realQuota,
  realServedFiles,
  takeDescriptor,
} from '@insula/kernel'
import type { Instance } from '../instance.ts'
import { handle, type HandleMeans } from './handle.ts'
import { activeThreads, loadBook, LOOK_MS } from './load.ts'
import { openLooks } from './looks.ts'
import { mountTableOf, type ShownKinds, withQuota } from './mounts-file.ts'
import { volumeDoor } from './quota/volume-door.ts'
import { quotaVolumes } from './quota/volumes.ts'
import { openRounds } from './rounds.ts'
import { seldom } from './seldom.ts'
import { systemInfos } from './sysinfo.ts'
import { type ListenedVps, listenedVps } from './vps.ts'
import { line, lineReader, type Order, ORDERS, ORDERS_KEY, RECORD, REPORTS, type Source } from './wire.ts'

/** @param kind what this one serves: there is another for the other kind, because a caller's memory may be a served file */
export function runListener(instance: Instance, keeper: number, kind: Source['kind']): void {
  dieWithParent(keeper)
  process.title = `insula-listener ${instance.name}${kind === 'mounts' ? ' (mounts)' : ''}`
  const listeners = realListeners(RECORD)
  const servedFiles = realServedFiles()
  const ids = new Map<number, string>()
  const known = new Map<number, ListenedVps>()
  /** Connections of served files, by key. */
  const connections = new Map<number, number>()
  const log = seldom((message) => void process.stderr.write(`${new Date().toISOString()} ${message}\n`))
  const views = realCgroupViews()
  const vpsOf = (key: number): ListenedVps | null => {
    const vps = known.get(key) ?? listenedVps(instance.bundles, ids.get(key) ?? '')
    if (vps) known.set(key, vps)
    return vps
  }
  const served = (): Map<string, ListenedVps> => {
    const found = new Map<string, ListenedVps>()
    for (const [key, id] of ids) {
      const vps = vpsOf(key)
      if (vps) found.set(id, vps)
    }
    return found
  }
  const quotas = quotaVolumes({ served, files: realFileCalls(), open: realQuota, log })
  const load = loadBook({
    views,
    groups: () => new Map(Array.from(served(), ([id, { cgroup }]) => [id, cgroup])),
    active: (cgroup) => activeThreads(views.processes(cgroup)),
    now: () => performance.now(),
  })
  const ended = (key: number): void => {
    rounds.forget(key)
    listeners.remove(key)
    connections.delete(key)
    known.delete(key)
    const id = ids.get(key) ?? ''
    ids.delete(key)
    if (![...ids.values()].includes(id)) {
      quotas.forget(id)
      load.forget(id)
    }
    writeSync(REPORTS, line({ ended: key }))
  }
  const means: HandleMeans = {
    listeners,
    vpsOf,
    systemInfos: systemInfos(views, load.of),
    quotaOf(vps) {
      const quota = quotas.of(vps)
      return quota && volumeDoor(quota, vps.base)
    },
    log,
  }
  /** None where it cannot be told: then the table is the kernel's. */
  const kindsOf = (vps: ListenedVps | null): ShownKinds => {
    try {
      const quota = vps && quotas.of(vps)
      const has = (kind: 'user' | 'group'): boolean => quota !== null && quota.state(kind) !== 'off'
      return { user: has('user'), group: has('group') }
    } catch {
      return { user: false, group: false }
    }
  }
  const serveFile = (key: number): void => {
    const connection = connections.get(key)
    if (connection === undefined) return
    const vps = vpsOf(key)
    const result = servedFiles.serve(connection, {
      owner: vps?.base ?? 0,
      contents(pid) {
        return Buffer.from(withQuota(mountTableOf(pid, vps?.init ?? 0), kindsOf(vps)), 'latin1')
      },
    })
    if (result === 'ended') ended(key)
  }
  const rounds = openRounds({
    listeners,
    vpsOf: (key) => ids.get(key) ?? '',
    handle: (call) => handle(means, call),
    serveFile,
    now: () => performance.now(),
  })
  const take = lineReader((value) => {
    const order = value as Order
    if ('add' in order) {
      const { key, id, fd } = order.add
      ids.set(key, id)
      const own = takeDescriptor(keeper, fd)
      if (kind === 'calls') return listeners.add(key, own)
      connections.set(key, own)
      servedFiles.takeOver(own)
      listeners.watch(key, own)
    } else {
      writeSync(REPORTS, line({ begun: true }))
      // What the one before us received and did not answer.
      const call = listeners.unanswered()
      if (call) handle(means, call, true)
    }
  })
  const looks = openLooks(
    function* () {
      if (kind !== 'calls') return
      yield* load.look()
      // So late grace times of users may end, where a VPS has its own.
      yield* quotas.settle()
    },
    LOOK_MS,
    () => performance.now(),
  )
  const buffer = Buffer.alloc(65_536)
  listeners.watch(ORDERS_KEY, ORDERS)
  for (;;) {
    const patience = rounds.patience()
    const ready = listeners.wait(patience < 0 ? looks.patience() : Math.min(patience, looks.patience()))
    for (const { key, what } of ready) {
      if (key === ORDERS_KEY) {
        const count = readSync(ORDERS, buffer)
        if (count === 0) return
        take(buffer.subarray(0, count))
      } else if (what === 'ended') ended(key)
    }
    rounds.serve(ready)
    looks.step()
  }
}
