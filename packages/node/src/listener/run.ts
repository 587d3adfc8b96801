/**
 * insula-listener's composition root and its loop. One thread that does one thing at a time: it waits, answers, waits. It is the keeper's child and ends
 * with it; the keeper watches that no tenant holds it up.
 */

import { readSync, writeSync } from 'node:fs'
import { dieWithParent, realCgroupViews, realListeners, takeDescriptor } from '@insula/kernel'
import type { Instance } from '../instance.ts'
import { handle, type HandleMeans } from './handle.ts'
import { openRounds } from './rounds.ts'
import { systemInfos } from './sysinfo.ts'
import { type ListenedVps, listenedVps } from './vps.ts'
import { line, lineReader, type Order, ORDERS, RECORD, REPORTS } from './wire.ts'

export function runListener(instance: Instance, keeper: number): void {
  dieWithParent(keeper)
  process.title = `insula-listener ${instance.name}`
  const listeners = realListeners(RECORD)
  const ids = new Map<number, string>()
  const known = new Map<number, ListenedVps>()
  const log = (message: string): void => void process.stderr.write(`${new Date().toISOString()} ${message}\n`)
  const means: HandleMeans = {
    listeners,
    vpsOf(key) {
      const vps = known.get(key) ?? listenedVps(instance.bundles, ids.get(key) ?? '')
      if (vps) known.set(key, vps)
      return vps
    },
    systemInfos: systemInfos(realCgroupViews()),
    // No volume counts for users and groups of a VPS yet: the kernel answers as for a file system without quota.
    quotaOf: () => null,
    log,
  }
  const rounds = openRounds({
    listeners,
    vpsOf: (key) => ids.get(key) ?? '',
    handle: (call) => handle(means, call),
    now: () => performance.now(),
  })
  const take = lineReader((value) => {
    const order = value as Order
    if ('add' in order) {
      const { key, id, fd } = order.add
      listeners.add(key, takeDescriptor(keeper, fd))
      ids.set(key, id)
    } else {
      // What the one before us received and did not answer.
      const call = listeners.unanswered()
      if (call) handle(means, call, true)
    }
  })
  const buffer = Buffer.alloc(65_536)
  listeners.watchInput(ORDERS)
  for (;;) {
    const ready = listeners.wait(rounds.patience())
    for (const { key, what } of ready) {
      if (what === 'input') {
        const count = readSync(ORDERS, buffer)
        if (count === 0) return
        take(buffer.subarray(0, count))
      }
      if (what === 'ended') {
        rounds.forget(key)
        listeners.remove(key)
        ids.delete(key)
        known.delete(key)
        writeSync(REPORTS, line({ ended: key }))
      }
    }
    rounds.serve(ready)
  }
}
