export {
  OUTCOMES,
  TRANSITIONS,
  VPS_STATES,
  canMove,
  isTransient,
  settleAfterCut,
  type SettledState,
  type Settlement,
  type TransientState,
  type VpsState,
} from './vps-state.ts'
export { ACTIONS, FORCED_ACTIONS, isLegal, type Action } from './vps-action.ts'
export { refusal, type Refusal } from './refusal.ts'
export {
  DEFAULT_LIMITS,
  checkLimits,
  limitsWithoutEffect,
  mergeLimits,
  type LimitProblem,
  type Limits,
  type LimitsChange,
  type NodeSize,
} from './limits.ts'
export { contains, formatCidr, formatIpv4, lastOf, overlaps, parseCidr, parseIpv4, parsePlaced, type Cidr } from './ipv4.ts'
export { RESERVED_RANGES, reservedRange, type ReservedRange } from './reserved-ipv4.ts'
export { allocate, countFree, isEdge } from './address-pool.ts'
export { checkAddress, type AddressRefusal, type AddressSurroundings } from './address-check.ts'
export { ID_RANGE_SIZE, VPS_ID_FIRST, nextIdRange, nextVpsId } from './id-range.ts'
export { chooseCpus } from './cpu-choice.ts'
export { bootOrder, type Bootable } from './boot-order.ts'
export { macFor } from './mac.ts'
export { mayUpdate } from './update-window.ts'
