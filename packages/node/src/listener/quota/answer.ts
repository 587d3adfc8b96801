/**
 * quotactl(2) and quotactl_fd(2) from inside a VPS, which the kernel refuses to root of a user namespace: for the VPS's own file system and its own
 * ids. What is about something else goes on to the kernel. The order of checks, and so the errno of what is wrong in two ways, is the
 * kernel's: fs/quota/quota.c.
 */

import { constants } from 'node:os'
import { type Answer, type Call, type Caller, type Credentials, SystemCallFailed } from '@insula/kernel'
import type { ListenedVps } from '../vps.ts'
import { OWN, parseCommand, PUBLIC, type QuotaCommand } from './command.ts'
import type { QuotaDoor, QuotaKind } from './door.ts'
import * as structures from './structures.ts'

const CAP_SYS_ADMIN = 1n << 21n
const PATH_BYTES = 4096
const CONTINUE: Answer = { kind: 'continue' }
const DONE: Answer = { kind: 'value', value: 0 }

/** @param quota null: the VPS has none */
export function answerQuotactl(
  name: 'quotactl' | 'quotactl_fd',
  call: Call,
  caller: Caller,
  vps: ListenedVps,
  quota: QuotaDoor | null,
): Answer {
  if (quota === null || !caller.sharesUserNamespace(vps.init)) return CONTINUE
  const [first = 0n, second = 0n, third = 0n, address = 0n] = call.args
  const [number, place] = name === 'quotactl' ? [first, second] : [second, first]
  if (!isOwn(name, place, caller, vps, quota)) return CONTINUE
  const { command, kind } = parseCommand(Number(BigInt.asUintN(32, number)))
  if (kind === null) return refusal('EINVAL')
  const id = Number(BigInt.asUintN(32, third))
  const credentials = caller.credentials()
  if (!mayAsk(command, kind, id, credentials, vps)) return refusal('EPERM')
  if (command === null) return refusal('EINVAL')
  if (!caller.isValid()) return CONTINUE
  try {
    return perform({ command, kind, id, address, caller, vps, quota })
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === null) throw error
    return { kind: 'error', errno }
  }
}

/** Of a refusal by the kernel or by the volume; EIO where the settings are damaged. */
function errnoOf(error: unknown): number | null {
  if (error instanceof SystemCallFailed) return error.errno
  const { code } = error as { readonly code?: unknown }
  if (code === 'damaged') return constants.errno.EIO
  return typeof code === 'string' ? (Object.entries(constants.errno).find(([name]) => name === code)?.[1] ?? null) : null
}

interface Request {
  readonly command: QuotaCommand
  readonly kind: QuotaKind
  readonly id: number
  readonly address: bigint
  readonly caller: Caller
  readonly vps: ListenedVps
  readonly quota: QuotaDoor
}

function perform(request: Request): Answer {
  const { command, kind, quota } = request
  switch (command) {
    case 'sync':
    case 'xquotasync':
      quota.sync()
      return DONE
    case 'quotaon':
    case 'quotaoff':
      quota.enforce(kind, command === 'quotaon')
      return DONE
    case 'getfmt':
      return quota.state(kind) === 'off' ? refusal('ESRCH') : tell(request, structures.format())
    case 'getinfo':
      return quota.state(kind) === 'off' ? refusal('ESRCH') : tell(request, structures.ifDqinfo(quota.grace(kind)))
    case 'setinfo':
      return told(request, structures.IF_DQINFO, (bytes) => {
        const grace = structures.graceInDqinfo(bytes)
        if (typeof grace === 'string') return refusal(grace)
        quota.setGrace(kind, grace)
        return DONE
      })
    case 'getquota':
    case 'xgetquota':
      return getOne(request)
    case 'getnextquota':
    case 'xgetnextquota':
      return getNext(request)
    case 'setquota':
    case 'xsetqlim':
      return setOne(request)
    case 'xquotaon':
    case 'xquotaoff':
      return told(request, 4, (bytes) => {
        const kinds = structures.kindsIn(bytes.readUInt32LE())
        if (kinds === null) return refusal('EINVAL')
        for (const each of kinds) quota.enforce(each, command === 'xquotaon')
        return DONE
      })
    case 'xgetqstat':
      return tell(request, structures.fsQuotaStat(statusOf(quota, kind)))
    default:
      return told(request, 1, (version) =>
        structures.statvVersionIsKnown(version)
          ? tell(request, structures.fsQuotaStatv(statusOf(quota, kind)))
          : refusal('EINVAL'),
      )
  }
}

function getOne(request: Request): Answer {
  const { command, kind, id, quota } = request
  const own = hostId(request)
  if (own === null) return refusal('EINVAL')
  const entry = quota.get(kind, own)
  if (entry === null) return refusal('ESRCH')
  return tell(request, command === 'getquota' ? structures.ifDqblk(entry) : structures.fsDiskQuota(kind, id, entry))
}

function getNext(request: Request): Answer {
  const { command, kind, vps, quota } = request
  const own = hostId(request)
  if (own === null) return refusal('EINVAL')
  if (quota.state(kind) === 'off') return refusal('ESRCH')
  const found = quota.next(kind, own)
  // The next one may be another VPS's.
  if (found === null || found.id < own || found.id >= vps.base + vps.size) return refusal('ENOENT')
  const id = found.id - vps.base
  return tell(
    request,
    command === 'getnextquota' ? structures.ifDqblk(found.entry, id) : structures.fsDiskQuota(kind, id, found.entry),
  )
}

function setOne(request: Request): Answer {
  const { command, kind, id, quota } = request
  const generic = command === 'setquota'
  return told(request, generic ? structures.IF_DQBLK : structures.FS_DISK_QUOTA, (bytes) => {
    const own = hostId(request)
    if (own === null) return refusal('EINVAL')
    if (quota.state(kind) === 'off') return refusal('ESRCH')
    // Which id it is about the argument says; the field may say something else.
    if (!generic) bytes.writeUInt32LE(id, 4)
    const change = generic ? structures.changeInDqblk(bytes) : structures.changeInDiskQuota(bytes)
    if (typeof change === 'string') return refusal(change)
    const { change: limits, grace } = 'grace' in change ? change : { change, grace: {} }
    if (Object.keys(grace).length > 0) quota.setGrace(kind, grace)
    if (Object.keys(limits).length > 0) quota.set(kind, own, limits)
    return DONE
  })
}

/** Read once, whole, and from whom it was asked for. */
function told({ address, caller }: Request, size: number, then: (bytes: Buffer) => Answer): Answer {
  const bytes = caller.read(address, size)
  if (!caller.isValid()) return CONTINUE
  return bytes?.length === size ? then(bytes) : refusal('EFAULT')
}

function tell({ address, caller }: Request, bytes: Buffer): Answer {
  return caller.write(address, bytes) ? DONE : refusal('EFAULT')
}

function isOwn(name: string, place: bigint, caller: Caller, vps: ListenedVps, quota: QuotaDoor): boolean {
  if (name === 'quotactl_fd') return caller.isOnRootOf(Number(BigInt.asIntN(32, place)), vps.init)
  return caller.text(place, PATH_BYTES)?.toString('latin1') === quota.device
}

/** check_quotactl_permission. */
function mayAsk(command: QuotaCommand | null, kind: QuotaKind, id: number, who: Credentials, vps: ListenedVps): boolean {
  if ((who.effective & CAP_SYS_ADMIN) !== 0n) return true
  if (command !== null && PUBLIC.includes(command)) return true
  if (command === null || !OWN.includes(command) || id >= vps.size) return false
  const own = vps.base + id
  return kind === 'user' ? who.effectiveUid === own : [who.effectiveGid, ...who.groups].includes(own)
}

/** Null: the VPS has no such id. */
const hostId = ({ id, vps }: Request): number | null => (id < vps.size ? vps.base + id : null)

function statusOf(quota: QuotaDoor, kind: QuotaKind): structures.QuotaStatus {
  return { state: { user: quota.state('user'), group: quota.state('group') }, grace: quota.grace(kind) }
}

const refusal = (name: 'EINVAL' | 'EPERM' | 'ESRCH' | 'ENOENT' | 'EFAULT' | 'ERANGE'): Answer => ({
  kind: 'error',
  errno: constants.errno[name],
})
