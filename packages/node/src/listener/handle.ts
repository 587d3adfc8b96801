/** One call from its arrival to its answer. Whatever goes wrong, it is answered: at worst the kernel does what the caller itself may do. */

import { constants } from 'node:os'
import type { Answer, Call, Caller, Listeners } from '@insula/kernel'
import { nameOf } from './calls.ts'
import { answerQuotactl } from './quota/answer.ts'
import type { QuotaDoor } from './quota/door.ts'
import { answerMknod, type Mknod } from './mknod.ts'
import { sysinfo32, sysinfo64, type SystemInfos } from './sysinfo.ts'
import type { ListenedVps } from './vps.ts'

export interface HandleMeans {
  readonly listeners: Listeners
  /** Null: the VPS is not known (any more). */
  readonly vpsOf: (key: number) => ListenedVps | null
  readonly systemInfos: SystemInfos
  /** Null: it has no quota for its users and groups. */
  readonly quotaOf: (vps: ListenedVps) => QuotaDoor | null
  readonly log: (message: string) => void
}

/** @param again who received it ended before it was answered */
export function handle(means: HandleMeans, call: Call, again = false): void {
  using caller = openOrNull(means, call)
  let answered: Mknod = { answer: { kind: 'continue' } }
  try {
    if (caller) answered = answerOf(means, call, caller, again)
  } catch (error) {
    // It died in the middle, most likely; or something is wrong that a tenant must not be able to stop us with.
    if (caller?.isValid())
      means.log(`call ${call.number} of thread ${call.tid} goes on to the kernel: ${(error as Error).message}`)
  }
  const told = means.listeners.answer(call, answered.answer)
  using made = answered.made
  if (!told) made?.takeBack()
}

function answerOf(means: HandleMeans, call: Call, caller: Caller, again: boolean): Mknod {
  const name = nameOf(call)
  const vps = means.vpsOf(call.key)
  if (name === null) return { answer: error('ENOSYS') }
  if (vps === null) return { answer: { kind: 'continue' } }
  switch (name) {
    case 'sysinfo':
      return { answer: answerSysinfo(means, call, caller, vps) }
    case 'mknod':
    case 'mknodat':
      return answerMknod(name, call, caller, vps, again)
    default:
      return { answer: answerQuotactl(name, call, caller, vps, means.quotaOf(vps)) }
  }
}

function answerSysinfo(means: HandleMeans, call: Call, caller: Caller, vps: ListenedVps): Answer {
  const info = means.systemInfos(vps)
  const bytes = call.architecture === 'i386' ? sysinfo32(info) : sysinfo64(info)
  return caller.write(call.args[0] ?? 0n, bytes) ? { kind: 'value', value: 0 } : error('EFAULT')
}

function openOrNull({ listeners, log }: HandleMeans, call: Call): Caller | null {
  try {
    return listeners.open(call)
  } catch (error) {
    log(`thread ${call.tid} cannot be looked at: ${(error as Error).message}`)
    return null
  }
}

const error = (name: 'ENOSYS' | 'EFAULT'): Answer => ({ kind: 'error', errno: constants.errno[name] })
