/** Refusals and faults as the API's errors: one sentence each that says what was being done, to what, why it failed and what to do. */

import { ApiFailure, type ErrorCode, formatSize } from '@insula/contract'
import { errorCode, LimitBelowUse } from '@insula/kernel'
import { type FailureReason, TemplateFailed } from '@insula/templates'
import { DefinitionInvalid } from './definitions/fault.ts'
import { RebaseRefused, type VzfsCode, VzfsError } from '@insula/vzfs'
import { COME_BACK } from './volumes/come-back.ts'

export function failure(code: ErrorCode, message: string, remedy?: string, cause?: unknown): ApiFailure {
  return new ApiFailure(
    { code, message, ...(remedy === undefined ? {} : { remedy }) },
    cause === undefined ? undefined : { cause },
  )
}

/** Whatever was thrown, as something that can be answered. `doing`: "cannot start VPS web". */
export function asFailure(error: unknown, doing: string): ApiFailure {
  if (error instanceof ApiFailure) return error
  const reason = reasonOf(error)
  const { code, remedy } = known(error)
  return failure(code, `${doing}: ${reason}`, remedy, error)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (!(error instanceof LimitBelowUse)) return error.message
  const { limit, wanted, used } = error
  const count = limit === 'pids' ? String : formatSize
  return `a ${limit === 'pids' ? 'process' : limit} limit of ${count(wanted)} is below the ${count(used)} in use`
}

const TEMPLATE_CODES: Readonly<Partial<Record<FailureReason, ErrorCode>>> = {
  no_space: 'no_space',
  tool_missing: 'unsupported',
  unsupported: 'unsupported',
  bad_mirror: 'invalid_request',
  mirror_unreachable: 'unavailable',
  unknown_template: 'not_found',
  unsuitable: 'invalid_request',
}

const VZFS_CODES: Readonly<Partial<Record<VzfsCode, ErrorCode>>> = {
  no_space: 'no_space',
  over_limit: 'no_space',
  snapshot_exists: 'conflict',
  snapshot_unknown: 'not_found',
  layer_in_use: 'conflict',
  volume_unknown: 'not_found',
}

const FREE_SOME =
  'free some space on the volume: `insula vzfs df` tells what takes it; remove snapshots (insula snapshot remove), move a stopped VPS to another volume (insula vzfs move) or destroy one'

/** SQLITE_FULL; the lowest byte is the primary code. */
const isFullDatabase = (error: unknown): boolean => (Number((error as { errcode?: unknown } | null)?.errcode) & 0xff) === 13

function known(error: unknown): { code: ErrorCode; remedy?: string } {
  const name = error instanceof Error ? error.name : ''
  const code = (error as { code?: unknown } | null)?.code
  if (error instanceof TemplateFailed) return { code: TEMPLATE_CODES[error.reason] ?? 'internal', remedy: error.remedy }
  if (error instanceof DefinitionInvalid) return { code: 'invalid_request', remedy: error.remedy }
  if (['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '') || isFullDatabase(error))
    return { code: 'no_space', remedy: FREE_SOME }
  if (name === 'AbortError') return { code: 'cancelled' }
  if (name === 'RouteTaken')
    return {
      code: 'address_in_use',
      remedy: 'give the VPS another address: insula set VPS --ip auto; or end what has it (ip route)',
    }
  if (error instanceof RebaseRefused)
    return { code: 'conflict', remedy: 'remove or rename what is in the way inside, or create a VPS of the new template' }
  if (error instanceof VzfsError && error.code === 'volume_missing') return { code: 'unavailable', remedy: COME_BACK }
  if (error instanceof VzfsError && error.code === 'no_space') return { code: 'no_space', remedy: FREE_SOME }
  if (error instanceof VzfsError && error.code === 'over_limit')
    return {
      code: 'no_space',
      remedy: 'give it more (insula set VPS --disk, --inodes), or remove snapshots (insula snapshot list VPS) or files inside',
    }
  if (error instanceof VzfsError) return { code: VZFS_CODES[error.code] ?? 'internal' }
  if (error instanceof LimitBelowUse)
    return { code: 'limit_below_use', remedy: 'choose a higher limit, or end what uses it first' }
  if (name === 'KeeperError') {
    if (code === 'unreachable')
      return { code: 'unavailable', remedy: 'it is being restarted; try again, and see `insula doctor`' }
    if (code === 'launch_failed' || code === 'start_failed') return { code: 'start_failed' }
    if (code === 'no_space') return { code, remedy: FREE_SOME }
    if (code === 'no_such_vps') return { code: 'conflict' }
    if (code === 'user_unknown' || code === 'exec_failed') return { code: 'invalid_request' }
  }
  return { code: 'internal' }
}
