/**
 * Quota of the users and groups inside one area: limits on its own ids, on or off for each kind, with grace times of its own. Ids are those inside.
 * All of it is synchronous.
 *
 * The file system has one grace time for all ids of a kind. Where an area's is another, the end of each time that the file system starts is moved,
 * by the difference: at a look (`settle`), or when somebody asks. So an end is late by the time between two looks at most.
 */

import {
  type GraceEnds,
  NO_QUOTA_LIMITS,
  type Quota,
  type QuotaAccount,
  type QuotaGrace,
  type QuotaLimits,
  sameQuotaLimits,
} from '@insula/kernel'
import { VzfsError } from '../errors.ts'
import { accountsOf, type IdKind, IDS, isLimited } from './ids.ts'
import { type IdSettings, type KindSettings, type LimitedId, NOTHING, type SettingsFile } from './settings.ts'

export type IdQuotaState = 'off' | 'counted' | 'enforced'

export interface IdQuota {
  /** How many users and groups may have limits; 0: there is no quota for them. */
  accounted(): number
  /** Of more than a few hundred limits the rest follows with the next `settle`. */
  setAccounted(count: number): void
  state(kind: IdKind): IdQuotaState
  /** Limits are kept, and hold or not. Of more than a few hundred the rest follows with the next `settle`. */
  enforce(kind: IdKind, on: boolean): void
  /** All zeros for one that has nothing and no limits. */
  account(kind: IdKind, id: number): QuotaAccount
  /** The lowest from `id` on that has anything or limits. */
  next(kind: IdKind, id: number): QuotaAccount | null
  /** What is absent stays. @throws VzfsError limit_contradicts, too_many_limited */
  limit(kind: IdKind, id: number, limits: Partial<QuotaLimits>, ends?: Partial<GraceEnds>): void
  grace(kind: IdKind): QuotaGrace
  setGrace(kind: IdKind, grace: Partial<QuotaGrace>): void
  /**
   * Gives the file system the limits that were too many to be changed at once, and moves the ends of grace times that have begun since the last look. A
   * step at a time: whoever does it has others to answer.
   */
  settle(): Generator<void, void>
  /** How many of the limits that are wanted the file system does not have. */
  wrong(): number
  /**
   * Makes the file system's limits those that are wanted; where nobody can tell any more what was wanted, the file system's become it. How many
   * were wrong.
   */
  repair(accounted: number): number
}

export interface IdQuotaNeed {
  readonly settings: SettingsFile
  readonly quota: Quota
  readonly base: number
}

const KINDS = ['user', 'group'] as const
/** Ids of one step, which takes a millisecond or two; and of one that moves ends and writes the settings of all, ten times that with ten thousand. */
const LOOKED_AT = 25
const MOVED = 200
/** Limits that are changed at once, which takes some ten milliseconds. A tenant has as many as it may, and switches them on and off as it likes. */
const AT_ONCE = 200

/** Its calls throw QuotaMissing where the volume has no quota of the kind, and VzfsError damaged, area_unknown. */
export function openIdQuota({ settings: file, quota, base }: IdQuotaNeed): IdQuota {
  const holds = (settings: IdSettings, kind: IdKind): boolean => settings.accounted > 0 && settings[kind].enforced
  /** Null: none but the volume's. */
  const ownGrace = (settings: IdSettings, kind: IdKind): QuotaGrace | null =>
    holds(settings, kind) ? settings[kind].grace : null

  /** What the file system is to have. */
  const held = (settings: IdSettings, kind: IdKind, id: number): QuotaLimits =>
    holds(settings, kind) ? wanted(settings[kind], id) : NO_QUOTA_LIMITS
  const apply = (settings: IdSettings, kind: IdKind, id: number): void => {
    quota.setLimits(kind, base + id, held(settings, kind, id))
  }
  /** Who should have limits, and who has. */
  const concerned = (settings: IdSettings, kind: IdKind): number[] => {
    const strangers = Array.from(accountsOf(quota, kind, base)).filter(isLimited)
    return [...new Set([...limitedIds(settings[kind]), ...strangers.map(({ id }) => id)])]
  }
  const readOrRebuild = (accounted: number): IdSettings => {
    try {
      return file.change((settings) => (settings.accounted === accounted ? settings : { ...settings, accounted }))
    } catch (error) {
      if (!(error instanceof VzfsError) || error.code !== 'damaged') throw error
      const kept = file.kept()
      const found = (kind: IdKind): KindSettings => {
        // What the file system cannot tell: limits that do not hold, and grace times.
        const before = kept?.[kind]
        if (before?.enforced === false || !quota.kinds.has(kind)) return before ?? NOTHING
        const limited: Record<string, LimitedId> = { ...before?.limited }
        for (const { id, limits } of accountsOf(quota, kind, base))
          if (isLimited({ limits })) limited[id] = { ...limited[id], limits }
        // One that was kept and is not there may have been lifted for a while (`withoutIdLimits`), or taken away since: rather one too many.
        return { enforced: true, grace: before?.grace ?? null, limited }
      }
      file.reset({ accounted, user: found('user'), group: found('group') })
      return file.read()
    }
  }
  const applyFirst = (settings: IdSettings, kind: IdKind): void => {
    for (const id of limitedIds(settings[kind]).slice(0, AT_ONCE)) apply(settings, kind, id)
  }
  /** The rest, of which `settle` takes care. A tenant that switches meanwhile has it begin anew at the next. */
  function* applyRest(kind: IdKind): Generator<void, void> {
    const begin = file.read()
    const same = (settings: IdSettings): boolean => holds(settings, kind) === holds(begin, kind)
    const ids = begin[kind].unapplied ? limitedIds(begin[kind]) : []
    for (let at = 0; at < ids.length; at += LOOKED_AT) {
      const settings = file.read()
      if (!same(settings)) return
      for (const id of ids.slice(at, at + LOOKED_AT)) apply(settings, kind, id)
      yield
    }
    if (begin[kind].unapplied) file.change((settings) => (same(settings) ? applied(settings, kind) : settings))
  }
  /** As it is shown: with the limits that are wanted. */
  const shown = (settings: IdSettings, kind: IdKind, raw: QuotaAccount): QuotaAccount => {
    const id = raw.id - base
    return { ...raw, id, limits: wanted(settings[kind], id) }
  }
  const raw = (kind: IdKind, id: number): QuotaAccount => quota.account(kind, base + id)

  /** Where the ends of the times that run belong, if not where they are. */
  const wrongEnds = (settings: IdSettings, kind: IdKind, account: QuotaAccount): Partial<GraceEnds> | null => {
    const grace = ownGrace(settings, kind)
    const { bytesGraceEnds, inodesGraceEnds } = account
    if (grace === null || (bytesGraceEnds === null && inodesGraceEnds === null)) return null
    const known = settings[kind].limited[account.id - base]?.ends
    const volume = quota.grace(kind)
    const ends: { bytes?: number; inodes?: number } = {}
    for (const [what, end] of [
      ['bytes', bytesGraceEnds],
      ['inodes', inodesGraceEnds],
    ] as const)
      if (end !== null && end !== known?.[what]) ends[what] = Math.max(1, end - volume[what] + grace[what])
    return Object.keys(ends).length === 0 ? null : ends
  }
  /** The ends that these have now are ours. */
  const withEnds = (settings: IdSettings, kind: IdKind, ids: readonly number[]): IdSettings => {
    const limited: Record<string, LimitedId> = { ...settings[kind].limited }
    for (const id of ids) {
      const { bytesGraceEnds, inodesGraceEnds } = raw(kind, id)
      const before = limited[id]
      const ends = {
        ...(bytesGraceEnds === null ? {} : { bytes: bytesGraceEnds }),
        ...(inodesGraceEnds === null ? {} : { inodes: inodesGraceEnds }),
      }
      if (before) limited[id] = { ...before, ends }
    }
    return { ...settings, [kind]: { ...settings[kind], limited } }
  }
  /** Moves what is not where it belongs and writes down where it is now, with nobody between: who saw the one without the other would move it again. */
  const move = (kind: IdKind, ids: readonly number[]): void =>
    void file.change((settings) => {
      const those = ids.filter((id) => {
        const ends = wrongEnds(settings, kind, raw(kind, id))
        if (ends !== null) quota.setGraceEnds(kind, base + id, ends)
        return ends !== null
      })
      return those.length === 0 ? settings : withEnds(settings, kind, those)
    })
  const settled = (settings: IdSettings, kind: IdKind, account: QuotaAccount): QuotaAccount => {
    if (wrongEnds(settings, kind, account) === null) return account
    const id = account.id - base
    move(kind, [id])
    return raw(kind, id)
  }

  return {
    accounted: () => file.read().accounted,
    // Applied whatever was before: who did it last may have been ended in the middle.
    setAccounted: (count) =>
      void file.change(
        (settings) =>
          KINDS.filter((kind) => quota.kinds.has(kind)).reduce(
            toApply,
            settings.accounted === count ? settings : { ...settings, accounted: count },
          ),
        (after) => {
          for (const kind of KINDS) if (quota.kinds.has(kind)) applyFirst(after, kind)
        },
      ),
    state(kind) {
      const settings = file.read()
      if (settings.accounted === 0 || !quota.kinds.has(kind)) return 'off'
      return settings[kind].enforced ? 'enforced' : 'counted'
    },
    enforce: (kind, on) =>
      void file.change(
        (settings) =>
          toApply(settings[kind].enforced === on ? settings : { ...settings, [kind]: { ...settings[kind], enforced: on } }, kind),
        (after) => applyFirst(after, kind),
      ),
    account(kind, id) {
      const settings = file.read()
      return shown(settings, kind, settled(settings, kind, raw(kind, requireId(id))))
    },
    next(kind, id) {
      const settings = file.read()
      const found = quota.next(kind, base + requireId(id))
      const counted = found !== null && found.id < base + IDS ? found : null
      // While limits do not hold, or not all yet, the file system does not know who has some.
      const limited =
        holds(settings, kind) && !settings[kind].unapplied ? undefined : limitedIds(settings[kind]).find((one) => one >= id)
      if (limited !== undefined && (counted === null || base + limited < counted.id))
        return shown(settings, kind, raw(kind, limited))
      return counted && shown(settings, kind, settled(settings, kind, counted))
    },
    limit(kind, id, change, ends = {}) {
      // First of all that there is quota at all.
      raw(kind, requireId(id))
      file.change(
        (settings) => {
          const limits = { ...wanted(settings[kind], id), ...change }
          requireOrder(kind, id, limits)
          const before = settings[kind].limited[id]
          if (!isLimited({ limits })) return before ? withLimited(settings, kind, id, null) : settings
          if (!before) requirePlace(settings)
          return withLimited(settings, kind, id, { ...before, limits })
        },
        (settings) => apply(settings, kind, id),
      )
      if (Object.keys(ends).length === 0) return
      file.change((settings) => {
        if (!holds(settings, kind)) return settings
        quota.setGraceEnds(kind, base + id, ends)
        return withEnds(settings, kind, [id])
      })
    },
    grace: (kind) => file.read()[kind].grace ?? quota.grace(kind),
    setGrace(kind, change) {
      const volume = quota.grace(kind)
      file.change((settings) => {
        const grace = { ...(settings[kind].grace ?? volume), ...change }
        return { ...settings, [kind]: { ...settings[kind], grace } }
      })
    },
    *settle() {
      for (const kind of KINDS) {
        if (!quota.kinds.has(kind)) continue
        yield* applyRest(kind)
        const begin = file.read()
        if (ownGrace(begin, kind) === null) continue
        let late: number[] = []
        // Written down together, for that takes long where there are many.
        const moveLate = (): void => {
          move(kind, late)
          late = []
        }
        const ids = limitedIds(begin[kind])
        for (let at = 0; at < ids.length; at += LOOKED_AT) {
          // Anew: much may have changed since the step before.
          const settings = file.read()
          late.push(...ids.slice(at, at + LOOKED_AT).filter((id) => wrongEnds(settings, kind, raw(kind, id)) !== null))
          yield
          if (late.length < MOVED) continue
          moveLate()
          yield
        }
        if (late.length > 0) moveLate()
      }
    },
    wrong() {
      const settings = file.read()
      const wrongIds = (kind: IdKind): number[] =>
        concerned(settings, kind).filter((id) => !sameQuotaLimits(raw(kind, id).limits, held(settings, kind, id)))
      const told = KINDS.filter((kind) => quota.kinds.has(kind) && !settings[kind].unapplied)
      return told.flatMap(wrongIds).length
    },
    repair(accounted) {
      const settings = readOrRebuild(accounted)
      let corrected = 0
      for (const kind of KINDS) {
        if (!quota.kinds.has(kind)) continue
        for (const id of concerned(settings, kind)) {
          if (sameQuotaLimits(raw(kind, id).limits, held(settings, kind, id))) continue
          apply(settings, kind, id)
          corrected += 1
        }
        file.change((now) => applied(now, kind))
      }
      return corrected
    },
  }
}

const wanted = ({ limited }: KindSettings, id: number): QuotaLimits => limited[id]?.limits ?? NO_QUOTA_LIMITS

const toApply = (settings: IdSettings, kind: IdKind): IdSettings =>
  settings[kind].unapplied || Object.keys(settings[kind].limited).length <= AT_ONCE
    ? settings
    : { ...settings, [kind]: { ...settings[kind], unapplied: true } }

function applied(settings: IdSettings, kind: IdKind): IdSettings {
  const { unapplied, ...rest } = settings[kind]
  return unapplied ? { ...settings, [kind]: rest } : settings
}

/** Ascending: so JavaScript keeps keys that are numbers. */
const limitedIds = ({ limited }: KindSettings): number[] => Object.keys(limited).map(Number)

function withLimited(settings: IdSettings, kind: IdKind, id: number, entry: LimitedId | null): IdSettings {
  // A rest of ten thousand takes as long as to write them down; a copy takes nothing.
  const limited: Record<string, LimitedId> = { ...settings[kind].limited }
  if (entry === null) delete limited[id]
  else limited[id] = entry
  return { ...settings, [kind]: { ...settings[kind], limited } }
}

function requireId(id: number): number {
  if (!(id >= 0 && id < IDS)) throw new RangeError(`${id} is not an id of an area`)
  return id
}

function requireOrder(kind: IdKind, id: number, { bytesSoft, bytesHard, inodesSoft, inodesHard }: QuotaLimits): void {
  for (const [soft, hard] of [
    [bytesSoft, bytesHard],
    [inodesSoft, inodesHard],
  ] as const)
    if (soft !== null && hard !== null && soft > hard)
      throw new VzfsError(
        'limit_contradicts',
        `the soft limit of ${kind} ${id}, ${soft}, never applies, for the hard one is ${hard}`,
      )
}

function requirePlace(settings: IdSettings): void {
  const count = KINDS.reduce((sum, kind) => sum + Object.keys(settings[kind].limited).length, 0)
  if (count < settings.accounted) return
  throw new VzfsError('too_many_limited', `${count} users and groups have limits already, and no more may`)
}
