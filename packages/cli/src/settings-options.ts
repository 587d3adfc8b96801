/** Settings and limits of a VPS as options: what `create` and `set` share. */

import {
  HOSTNAME_RULE,
  LABEL_KEY,
  LABEL_KEY_RULE,
  LABEL_VALUE,
  LABEL_VALUE_RULE,
  LEAST_BYTES,
  UPDATE_POLICY,
  UPDATE_POLICY_RULE,
  type LimitsChange,
  type Share,
  type VpsChange,
  formatSize,
  isHostname,
  parseIpv4,
  parseSize,
} from '@insula/contract/light'
import { UsageError } from './command.ts'
import { planName } from './selection.ts'
import { wholeNumber } from './values.ts'

const SHARES: readonly Share[] = ['all', 'templates', 'none']
const UNLIMITED = 'unlimited'
const MOST_PERCENT = 1_000_000

export const settingsOptions = {
  ip: {
    value: 'ADDRESS',
    many: true,
    about:
      'an IPv4 address, also one outside of the pool that is routed to this node, or "auto" for the next free one (repeatable)',
    parse: address,
    complete: ['auto'],
  },
  dns: { value: 'ADDRESS', many: true, about: "a DNS server (repeatable; default: the node's own)", parse: dnsServer },
  hostname: { value: 'NAME', about: 'host name inside (default: its name)', parse: hostname },
  nat: { negatable: true, about: "let its connections leave with the node's address, or not" },
  memory: {
    short: 'm',
    value: 'SIZE',
    about: 'memory: 512M, 1.5G, unlimited',
    parse: sizeFrom(LEAST_BYTES),
    complete: ['512M', '1G', '2G', '4G', UNLIMITED],
  },
  swap: {
    value: 'SIZE',
    about: 'swap on top of memory: 0, 512M, unlimited',
    parse: size,
    complete: ['0', '512M', '1G', UNLIMITED],
  },
  cpus: { value: 'COUNT', about: 'how many CPUs it sees and uses, or unlimited', parse: unlimitedOr(wholeNumber(1, 8192)) },
  'cpu-units': {
    value: 'WEIGHT',
    about: 'share of the CPU when it is short; 1000 is the default',
    parse: wholeNumber(8, 500_000),
  },
  'cpu-limit': {
    value: 'PERCENT',
    about: 'most CPU time: 150% is one and a half CPUs, or unlimited',
    parse: unlimitedOr(percent),
  },
  pids: { value: 'COUNT', about: 'most processes and threads, or unlimited', parse: unlimitedOr(wholeNumber(1, 4_194_304)) },
  disk: {
    value: '[SOFT:]SIZE',
    about: 'disk space of its own: 10G, 9G:10G, or unlimited',
    parse: pair(sizeFrom(LEAST_BYTES)),
    complete: ['5G', '10G', '20G', UNLIMITED],
  },
  inodes: {
    value: '[SOFT:]COUNT',
    about: 'most files and directories of its own, or unlimited',
    parse: pair(unlimitedOr(wholeNumber(100, 2 ** 48))),
  },
  'quota-ugid': {
    value: 'COUNT',
    about: 'how many users and groups inside may have disk limits of their own (default: 0)',
    parse: wholeNumber(0, 10_000),
  },
  onboot: { negatable: true, about: 'start it when the machine boots and at ./up after ./down, or not' },
  'boot-order': { value: 'N', about: 'lower starts first', parse: wholeNumber(0, 1_000_000) },
  share: {
    value: 'WITH',
    about: 'which of its private files may be shared: those that any VPS has (all), that templates have, or none',
    parse: share,
    complete: SHARES,
  },
  updates: {
    value: 'WHEN',
    about: 'updated by itself never (pinned), at once (follow), or in hours: 02:00-04:00, "Sat,Sun 02:00-04:00"',
    parse: updates,
    complete: ['pinned', 'follow'],
  },
  plan: { value: 'NAME', about: 'the plan that it has, by which it can be chosen; none takes it away', parse: planName },
  label: { value: 'KEY=VALUE', many: true, about: 'a label, by which it can be chosen (repeatable)', parse: assignedLabel },
} as const

interface Given {
  readonly ip: readonly string[]
  readonly dns: readonly string[]
  readonly hostname: string | undefined
  readonly nat: boolean | undefined
  readonly memory: number | null | undefined
  readonly swap: number | null | undefined
  readonly cpus: number | null | undefined
  readonly 'cpu-units': number | undefined
  readonly 'cpu-limit': number | null | undefined
  readonly pids: number | null | undefined
  readonly disk: SoftAndHard | undefined
  readonly inodes: SoftAndHard | undefined
  readonly 'quota-ugid': number | undefined
  readonly onboot: boolean | undefined
  readonly 'boot-order': number | undefined
  readonly share: Share | undefined
  readonly updates: string | undefined
  readonly plan: string | undefined
}

/** Only what was given. "none" alone empties a list. */
export function settingsOf(given: Given): Omit<VpsChange, 'labels'> {
  const limits: LimitsChange = defined({
    memory: given.memory,
    swap: given.swap,
    cpus: given.cpus,
    cpuUnits: given['cpu-units'],
    cpuLimit: given['cpu-limit'],
    pids: given.pids,
    disk: given.disk?.hard,
    diskSoft: given.disk?.soft,
    inodes: given.inodes?.hard,
    inodesSoft: given.inodes?.soft,
  })
  return defined({
    addresses: listOf('ip', given.ip),
    dns: listOf('dns', given.dns),
    hostname: given.hostname,
    nat: given.nat,
    limits: Object.keys(limits).length === 0 ? undefined : limits,
    quotaUgid: given['quota-ugid'],
    onboot: given.onboot,
    bootOrder: given['boot-order'],
    share: given.share,
    updates: given.updates,
    plan: given.plan === 'none' ? null : given.plan,
  })
}

export const labelsOf = (labels: readonly (readonly [string, string])[]): Record<string, string> => Object.fromEntries(labels)

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<T>
}

function listOf(name: string, values: readonly string[]): string[] | undefined {
  if (values.length === 0) return undefined
  if (!values.includes('none')) return [...values]
  if (values.length > 1) throw new UsageError(`--${name} none cannot be given with others`)
  return []
}

function address(text: string): string {
  if (text === 'auto' || text === 'none' || parseIpv4(text) !== null) return text
  throw new UsageError(`takes an IPv4 address such as 10.0.0.7, "auto" or "none", not '${text}'`)
}

function updates(text: string): string {
  if (UPDATE_POLICY.test(text)) return text
  throw new UsageError(`takes ${UPDATE_POLICY_RULE}, not '${text}'`)
}

function share(text: string): Share {
  const found = SHARES.find((one) => one === text)
  if (found !== undefined) return found
  throw new UsageError(`takes all, templates or none, not '${text}'`)
}

export function labelKey(text: string): string {
  if (LABEL_KEY.test(text)) return text
  throw new UsageError(`takes the key of a label (${LABEL_KEY_RULE}), not '${text}'`)
}

function assignedLabel(text: string): readonly [string, string] {
  const [key = '', ...rest] = text.split('=')
  const value = rest.join('=')
  if (!text.includes('=') || !LABEL_KEY.test(key))
    throw new UsageError(`takes a label such as role=web, its key ${LABEL_KEY_RULE}; not '${text}'`)
  if (!LABEL_VALUE.test(value)) throw new UsageError(`takes a label whose value is ${LABEL_VALUE_RULE}; not '${text}'`)
  return [key, value]
}

function dnsServer(text: string): string {
  if (text === 'none' || parseIpv4(text) !== null || text.includes(':')) return text
  throw new UsageError(`takes the address of a DNS server, not '${text}'`)
}

function hostname(text: string): string {
  if (isHostname(text)) return text
  throw new UsageError(`takes ${HOSTNAME_RULE}, not '${text}'`)
}

export function size(text: string): number | null {
  if (text === UNLIMITED) return null
  const bytes = parseSize(text)
  if (bytes !== null) return bytes
  const isSize = parseSize(text.replace(/^[\d.]+/, '1')) !== null
  throw new UsageError(
    isSize && Number.parseFloat(text) > 1
      ? `takes a size of less than 8P, or "unlimited", not '${text}'`
      : `takes a size such as 512M or 1.5G, or "unlimited", not '${text}'`,
  )
}

export function sizeFrom(least: number): (text: string) => number | null {
  return (text) => {
    const bytes = size(text)
    if (bytes === null || bytes >= least) return bytes
    throw new UsageError(`takes at least ${formatSize(least)}, or "unlimited", not '${text}'`)
  }
}

export interface SoftAndHard {
  readonly soft: number | null
  readonly hard: number | null
}

/** One limit is the hard one, and there is no soft one then. */
export function pair(parse: (text: string) => number | null): (text: string) => SoftAndHard {
  return (text) => {
    const [first = '', second, ...more] = text.split(':')
    if (more.length > 0) throw new UsageError(`takes one limit, or two with a colon between them, not '${text}'`)
    if (second === undefined) return { soft: null, hard: parse(first) }
    const [soft, hard] = [parse(first), parse(second)]
    if (soft !== null && hard !== null && soft > hard)
      throw new UsageError(`takes the soft limit first, which must not be above the other, not '${text}'`)
    return { soft, hard }
  }
}

function percent(text: string): number {
  const value = Number(/^(\d{1,9}(?:\.\d{1,2})?)%?$/.exec(text)?.[1] ?? Number.NaN)
  if (value >= 1 && value <= MOST_PERCENT) return value
  throw new UsageError(`takes a percentage of one CPU such as 150%, from 1% to ${MOST_PERCENT}%, not '${text}'`)
}

export function unlimitedOr(parse: (text: string) => number): (text: string) => number | null {
  return (text) => (text === UNLIMITED ? null : parse(text))
}
