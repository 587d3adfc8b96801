/** Whether a VPS may be asked for something now; the table is the model's. */

import { type Action, isLegal, refusal } from '@insula/model'
import { failure } from '../failures.ts'
import type { VpsRecord } from '../record.ts'

/** @throws ApiFailure conflict, busy, not_found */
export function requireLegal(action: Action, vps: VpsRecord | null, id: number | string): asserts vps is VpsRecord {
  if (!vps) throw failure('not_found', `there is no VPS ${id} any more`)
  if (isLegal(action, vps.state)) return
  const { code, message, remedy } = refusal(action, vps.name, vps.state)
  throw failure(code, message, remedy)
}
