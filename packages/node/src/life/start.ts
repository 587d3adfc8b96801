/** Brings a VPS up, part by part; what was done is taken back when one fails. */

import { requireLegal } from './legality.ts'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { type Ascent, PARTS, takeDown } from './parts.ts'

/** An init that ends within this is one that did not start. Start does not wait longer: a later end is an exit like any other. */
const AT_ONCE_MS = 15
/** Lines of the console that an error quotes. */
const QUOTED_LINES = 5

/** @throws ApiFailure start_failed with the last lines of its console; the VPS is then stopped, nothing of it is left */
export async function startVps(means: Means, id: number, signal?: AbortSignal): Promise<VpsRecord> {
  const { inventory, keeper, exits } = means
  requireLegal('start', inventory.get(id), id)
  const vps = await inventory.move(id, 'starting', { problem: null, pid: null })
  const ascent: Ascent = { vps, root: null, pid: null }
  using exit = exits.expect(id)
  const begun: (typeof PARTS)[number][] = []
  try {
    for (const part of PARTS) {
      signal?.throwIfAborted()
      begun.push(part)
      await part.up(means, ascent)
    }
    const ended = await Promise.race([exit.ended, later(AT_ONCE_MS)])
    if (ended)
      throw new Error(`its init ${vps.init.path} ended at once (${ended.signal ?? `exit code ${ended.code ?? 'unknown'}`})`)
    return await inventory.move(id, 'running', { startedAt: new Date().toISOString(), pid: ascent.pid })
  } catch (error) {
    const console = await keeper.consoleLog(`${id}`).catch(() => Buffer.alloc(0))
    await takeDown(means, vps, begun).catch(() => undefined)
    const reason = explain(vps, error as Error)
    await inventory.move(id, 'stopped', { pid: null, problem: reason })
    if (signal?.aborted) throw failure('cancelled', `start of VPS "${vps.name}" was cancelled; it is stopped`, undefined, error)
    const known = (error as { code?: unknown }).code === 'no_space' ? 'no_space' : 'start_failed'
    throw failure(known, `cannot start VPS "${vps.name}": ${reason}${quote(console)}`, remedyFor(vps, reason), error)
  }
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

function quote(console: Buffer): string {
  const lines = console
    .toString()
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
  return lines.length === 0 ? '' : `. The last it wrote: ${lines.slice(-QUOTED_LINES).join(' | ')}`
}

const later = (milliseconds: number): Promise<null> => new Promise((resolve) => setTimeout(resolve, milliseconds, null))
