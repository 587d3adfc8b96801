/** Quota on the running kernel, by quotactl_fd(2): through an open directory, so that no device has a name that could change. */

import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { libc, SystemCallFailed } from '../libc/libc.ts'
import {
  decodeAccount,
  decodeGrace,
  DISK_QUOTA_BYTES,
  emptyState,
  encodeGrace,
  encodeGraceEnds,
  encodeLimits,
  enforcedKinds,
} from './layout.ts'
import { projectOf, setProjectOf } from './project.ts'
import { NO_QUOTA_LIMITS, type Quota, QUOTA_KINDS, type QuotaKind, QuotaMissing } from './quota.ts'

/** XQM_CMD of linux/dqblk_xfs.h */
const X = { getQuota: 0x5803, setLimits: 0x5804, getState: 0x5808, getNext: 0x5809 } as const
/** There is no quota of that kind here, or the kernel has none at all. */
const NONE = new Set(['ENOSYS', 'ESRCH', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'ENOTBLK'])

export interface OpenQuota extends Quota, Disposable {}

/** @param path a directory of the file system */
export function realQuota(path: string): OpenQuota {
  const volume = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  let open = true
  const call = (what: string, command: number, kind: QuotaKind, id: number, structure: Buffer): void => {
    libc.quotactlFd(`${what} of ${kind} ${id} on ${path}`, volume, (command << 8) | QUOTA_KINDS.indexOf(kind), id, structure)
  }
  const stateOf = (kind: QuotaKind): Buffer | null => {
    const state = emptyState()
    try {
      call('state', X.getState, kind, 0, state)
      return state
    } catch (error) {
      if (error instanceof SystemCallFailed && NONE.has(error.code)) return null
      throw error
    }
  }
  const kinds = new Set(QUOTA_KINDS.filter((kind) => enforcedKinds(stateOf(kind) ?? emptyState()).includes(kind)))
  const require = (kind: QuotaKind): void => {
    if (!kinds.has(kind)) throw new QuotaMissing(kind, path)
  }
  /** null: there is none (ENOENT). */
  const account = (command: number, kind: QuotaKind, id: number): Buffer | null => {
    require(kind)
    const quota = Buffer.alloc(DISK_QUOTA_BYTES)
    try {
      call('quota', command, kind, id, quota)
      return quota
    } catch (error) {
      if (error instanceof SystemCallFailed && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null
      throw error
    }
  }

  return {
    kinds,
    account: (kind, id) => decodeAccount(account(X.getQuota, kind, id) ?? encodeLimits(kind, id, NO_QUOTA_LIMITS)),
    next(kind, id) {
      const found = account(X.getNext, kind, id)
      return found && decodeAccount(found)
    },
    setLimits(kind, id, limits) {
      require(kind)
      call('limits', X.setLimits, kind, id, encodeLimits(kind, id, limits))
    },
    setGraceEnds(kind, id, ends) {
      require(kind)
      call('ends of grace', X.setLimits, kind, id, encodeGraceEnds(kind, id, ends))
    },
    grace(kind) {
      require(kind)
      return decodeGrace(stateOf(kind) ?? emptyState())
    },
    setGrace(kind, grace) {
      require(kind)
      call('grace times', X.setLimits, kind, 0, encodeGrace(kind, grace))
    },
    project: projectOf,
    setProject: (fd, id) => setProjectOf(fd, id, fstatSync(fd).isDirectory()),
    [Symbol.dispose]() {
      if (open) closeSync(volume)
      open = false
    },
  }
}
