/** Brings a VPS up, part by part; what was done is taken back when one fails. */

import { requireLegal } from './legality.ts'
import { asFailure, failure } from '../failures.ts'
import type { ExitReport, Keeper } from '../keeper/keeper.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { type Ascent, type Part, STAGES, takeDown } from './parts.ts'
import { settled } from './settled.ts'
import { shortageOf } from './shortage.ts'

/** For so long start waits to be told of an end that has been seen. */
const TOLD_MS = 5_000
/** Lines of the console that an error quotes. */
const QUOTED_LINES = 5
/** What keeps its own code; anything else is a start that failed. */
const OWN_CODES = ['no_space', 'unavailable', 'address_in_use'] as const

/** @throws ApiFailure start_failed with the last lines of its console; the VPS is then stopped, nothing of it is left */
export async function startVps(means: Means, id: number, signal?: AbortSignal): Promise<VpsRecord> {
  const { inventory, keeper, exits } = means
  const before = inventory.get(id)
  requireLegal('start', before, id)
  await means.mounted.requireNone(id, `cannot start VPS "${before.name}"`)
  // What failed may have left something standing.
  if (before.state === 'failed') await takeDown(means, before)
  const vps = await inventory.move(id, 'starting', { problem: null, pid: null })
  const ascent: Ascent = { vps, root: null, quota: null, procFiles: [], pid: null }
  const begun: Part[] = []
  const exit = exits.expect(id)
  try {
    await means.warming.before(vps)
    for (const stage of STAGES) {
      signal?.throwIfAborted()
      begun.push(...stage)
      await allOf(stage.map((part) => part.up(means, ascent)))
    }
    const works = settled(means.probe, ascent.pid ?? 0)
    const running = await inventory.move(id, 'running', { startedAt: new Date().toISOString(), pid: ascent.pid })
    // What the keeper knew by then has been told before it answers; of an end that it has not heard of yet it will.
    const enough = works.then((isThere) => (isThere ? keeper.list() : later(TOLD_MS))).then(() => null)
    // Start does not wait longer: a later end is an exit like any other.
    const ended = await Promise.race([exit.ended, enough])
    // From here on an end is an unexpected one; whoever handles it waits for its turn after this.
    exit[Symbol.dispose]()
    if (ended) throw new Error(`its init ${vps.init.path} ended at once (${endOf(ended)})`)
    return running
  } catch (error) {
    exit[Symbol.dispose]()
    const said = await lastLines(keeper, id)
    const shortage = await shortageOf(means, vps)
    await takeDown(means, vps, begun).catch(() => undefined)
    const reason = shortage?.reason ?? explain(vps, error as Error)
    await inventory.move(id, 'stopped', { pid: null, startedAt: null, problem: reason })
    if (signal?.aborted) throw failure('cancelled', `start of VPS "${vps.name}" was cancelled; it is stopped`, undefined, error)
    const known = asFailure(error, '')
    const kind = OWN_CODES.find((one) => one === known.code)
    const remedy = shortage?.remedy ?? (kind === undefined ? remedyFor(vps, reason) : known.remedy)
    throw failure(kind ?? 'start_failed', `cannot start VPS "${vps.name}": ${reason}${said}`, remedy, error)
  }
}

/** When one fails the others are waited for, so that what is taken down then is not still coming up. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

function explain(vps: VpsRecord, error: Error): string {
  if (/no such file|not found/i.test(error.message) && error.message.includes(vps.init.path)) {
    return `its init ${vps.init.path} is missing`
  }
  return error.message
}

function remedyFor(vps: VpsRecord, reason: string): string {
  if (reason.includes('init'))
    return `the VPS's own files are damaged: restore ${vps.init.path}, or create the VPS anew from its template`
  return 'see `insula doctor`; the daemon log has the details'
}

export const endOf = ({ code, signal }: Pick<ExitReport, 'code' | 'signal'>): string => signal ?? `exit code ${code ?? 'unknown'}`

/** What its console shows, for the end of a message. */
export async function lastLines(keeper: Keeper, id: number): Promise<string> {
  const console = await keeper.consoleLog(`${id}`).catch(() => Buffer.alloc(0))
  const lines = console
    .toString()
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  return lines.length === 0 ? '' : `. The last it wrote: ${lines.slice(-QUOTED_LINES).join(' | ')}`
}

const later = (milliseconds: number): Promise<null> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds, null).unref()
  })
