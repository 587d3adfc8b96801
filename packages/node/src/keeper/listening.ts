/**
 * The listeners of all VPSs, or the connections of the files that are served to them, kept here and served by a child, insula-listener: it looks at what
 * tenants have arranged, and whoever does that can be held up. Each of the two kinds has a child of its own, because an argument of a call may lie
 * in memory that is a served file's. This process never touches a tenant's memory or files. It keeps every descriptor twice, here and with
 * its supervisor, so that neither the child's end nor its own loses a call.
 *
 * The record tells what the child is working on, once it has begun: until then it is what the one before left. One that sleeps the same
 * sleep in the middle of the same call for two looks is held up by its caller: it is killed, the VPS is left alone for a while, and another child serves the rest meanwhile. It may be a long time until a killed one is gone.
 */

import { closeSync } from 'node:fs'
import type { AttachedProcess, Call, DescriptorStore } from '@insula/kernel'
import { type Source, line, lineReader, type Report } from '../listener/wire.ts'

/** The child's end of the pipes is in `process`. */
export interface ListenerChild {
  readonly process: AttachedProcess
  write(bytes: Buffer): void
  onReport(listener: (chunk: Buffer) => void): void
}

export interface ListeningMeans {
  readonly descriptors: DescriptorStore
  /** Starts insula-listener over a record. */
  readonly start: (record: number) => ListenerChild
  readonly newRecord: () => number
  readonly readRecord: (record: number) => Call | null
  readonly continueCall: (listener: number, call: Call) => void
  /** SIGKILL. */
  readonly kill: (pid: number) => void
  /** Which sleep a process is in, another word for each; null when it does not sleep, or is gone. */
  readonly sleepOf: (pid: number) => string | null
  readonly log: (message: string) => void
}

export interface Listening extends Disposable {
  /** `fd` is ours from here on. */
  add(source: Pick<Source, 'id' | 'fd'>): void
  has(id: string): boolean
  health(): {
    readonly pid: number | null
    readonly restarts: number
    readonly listeners: number
    readonly heldUp: readonly string[]
  }
}

interface Child {
  readonly pid: number
  readonly record: { readonly name: string; readonly fd: number }
  readonly child: ListenerChild
  /** It works on what the record tells. */
  begun: boolean
  seen: { readonly call: Call; readonly sleep: string | null } | null
}

const LOOK_MS = 100
const START_AGAIN_MS = 50
/** Children that a call may end, and that may be killed in the middle of it, before it goes on to the kernel. */
const MOST_ENDED = 2
const MOST_KILLED = 10
/** A VPS that held the child up is left alone for so long, and twice as long each time. */
const FIRST_ALONE_MS = 1_000
const LONGEST_ALONE_MS = 10_000
const PREFIXES: Readonly<Record<Source['kind'], string>> = { calls: 'seccomp', mounts: 'mounts' }

/** @param inherited by name, from an earlier keeper; what is not of this kind is left alone */
export function openListening(
  means: ListeningMeans,
  inherited: ReadonlyMap<string, number>,
  kind: Source['kind'] = 'calls',
): Listening {
  const prefix = PREFIXES[kind]
  const nameOf = ({ id, key }: Source): string => `${prefix}-${id}-${key}`
  /** No VPS has the id "call". */
  const nameOfRecord = new RegExp(`^${prefix}-call-(\\d+)$`)
  const nameOfSource = new RegExp(`^${prefix}-(.+)-(\\d+)$`)
  const kept = new Map<number, Source>()
  const records = new Map<string, number>()
  /** VPSs that are left alone, and for how long the next time. */
  const alone = new Set<string>()
  const patience = new Map<string, number>()
  const timers = new Set<NodeJS.Timeout>()
  let current: Child | null = null
  let restarts = 0
  let lastKey = 0
  let lastRecord = 0
  let open = true
  /** The call that children before were working on when they ended, and how often. */
  let fatal: { readonly call: Call; readonly times: number } | null = null

  const later = (milliseconds: number, then: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      if (open) then()
    }, milliseconds)
    timers.add(timer)
  }
  const fdOf = (key: number): number | null => kept.get(key)?.fd ?? null
  /** What nobody will work on again. */
  const giveBack = (call: Call | null): void => {
    const fd = call && fdOf(call.key)
    if (call && fd !== null) means.continueCall(fd, call)
  }
  const dropRecord = (name: string, fd: number): void => {
    records.delete(name)
    means.descriptors.drop(name)
    closeSync(fd)
  }
  const makeRecord = (): Child['record'] => {
    const name = `${prefix}-call-${(lastRecord += 1)}`
    const fd = means.newRecord()
    records.set(name, fd)
    means.descriptors.store(name, fd)
    return { name, fd }
  }
  const ended = (key: number): void => {
    const entry = kept.get(key)
    if (!entry) return
    kept.delete(key)
    means.descriptors.drop(nameOf(entry))
    closeSync(entry.fd)
    if ([...kept.values()].every(({ id }) => id !== entry.id)) patience.delete(entry.id)
  }
  const give = (child: Child, entry: Source): void => {
    if (!alone.has(entry.id)) child.child.write(line({ add: entry }))
  }

  const start = (record: Child['record']): void => {
    const child = means.start(record.fd)
    const started: Child = { pid: child.process.pid, record, child, begun: false, seen: null }
    current = started
    child.onReport(
      lineReader((value) => {
        const report = value as Report
        if ('ended' in report) ended(report.ended)
        else started.begun = true
      }),
    )
    for (const entry of kept.values()) give(started, entry)
    child.write(line({ begin: true }))
    void child.process.ended.then(({ signal }) => over(started, signal))
  }
  /** It ended by itself, or somebody killed it. */
  const over = (child: Child, signal: string | null): void => {
    if (!open || current !== child) return
    current = null
    restarts += 1
    means.log(`insula-listener (${child.pid}) has ended; starting it again`)
    const call = child.begun ? means.readRecord(child.record.fd) : null
    if (child.begun) {
      const before = call !== null && fatal?.call.id === call.id && fatal.call.key === call.key ? fatal.times : 0
      fatal = call && { call, times: before + 1 }
    }
    // Somebody who kills it has most likely nothing to do with the call.
    if (call && fatal && fatal.times >= (signal === 'SIGKILL' ? MOST_KILLED : MOST_ENDED)) {
      means.log(`the call of thread ${call.tid} ended insula-listener ${fatal.times} times and goes on to the kernel`)
      giveBack(call)
    }
    later(START_AGAIN_MS, () => start(child.record))
  }
  const heldUp = (child: Child, call: Call): void => {
    const id = kept.get(call.key)?.id ?? ''
    const wait = patience.get(id) ?? FIRST_ALONE_MS
    means.log(`VPS ${id} holds insula-listener (${child.pid}) up; it is left alone for ${wait / 1000} s`)
    alone.add(id)
    patience.set(id, Math.min(2 * wait, LONGEST_ALONE_MS))
    restarts += 1
    means.kill(child.pid)
    // A killed process executes nothing any more, but until it is gone the kernel may still be at work for it.
    const gone = child.child.process.ended.then(() => {
      if (!open) return
      giveBack(means.readRecord(child.record.fd))
      dropRecord(child.record.name, child.record.fd)
    })
    later(wait, () => {
      void gone.then(() => {
        alone.delete(id)
        for (const entry of kept.values()) if (current && entry.id === id) give(current, entry)
      })
    })
    start(makeRecord())
  }
  const look = (): void => {
    if (current?.begun) {
      const call = means.readRecord(current.record.fd)
      const { seen } = current
      const same = call !== null && seen?.call.id === call.id && seen.call.key === call.key
      // One that runs, waits for a CPU, or has run since the last look is not held up by anybody's doing.
      const sleep = call && means.sleepOf(current.pid)
      if (same && sleep !== null && sleep === seen.sleep) heldUp(current, call)
      else current.seen = call && { call, sleep }
    }
    later(LOOK_MS, look)
  }
  const begin = (): void => {
    if (current || timers.size > 0 || kept.size === 0) return
    const [found] = records
    start(found ? { name: found[0], fd: found[1] } : makeRecord())
    later(LOOK_MS, look)
  }

  for (const [name, fd] of inherited) {
    const [, record] = nameOfRecord.exec(name) ?? []
    const [, id, key] = nameOfSource.exec(name) ?? []
    if (record !== undefined) {
      records.set(name, fd)
      lastRecord = Math.max(lastRecord, Number(record))
    } else if (id !== undefined && key !== undefined) {
      kept.set(Number(key), { key: Number(key), id, fd, kind })
      lastKey = Math.max(lastKey, Number(key))
    }
  }
  // More than one: a child was held up when the keeper before us ended.
  for (const [name, fd] of [...records].slice(1)) {
    giveBack(means.readRecord(fd))
    dropRecord(name, fd)
  }
  begin()

  return {
    has: (id) => [...kept.values()].some((entry) => entry.id === id),
    add({ fd, id }) {
      const entry = { key: (lastKey += 1), id, fd, kind }
      kept.set(entry.key, entry)
      means.descriptors.store(nameOf(entry), fd)
      if (current) give(current, entry)
      else begin()
    },
    health: () => ({ pid: current?.pid ?? null, restarts, listeners: kept.size, heldUp: [...alone] }),
    [Symbol.dispose]() {
      open = false
      for (const timer of timers) clearTimeout(timer)
      if (current) means.kill(current.pid)
      for (const fd of [...[...kept.values()].map((entry) => entry.fd), ...records.values()]) closeSync(fd)
    },
  }
}
