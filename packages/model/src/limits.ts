/** What a VPS may take. Every limit can be changed while it runs. */

/** Sizes are bytes; null: no limit. */
export interface Limits {
  readonly memory: number | null
  /** On top of memory. */
  readonly swap: number | null
  /** Weight against neighbours. */
  readonly cpuUnits: number
  /** Per cent of one CPU: 150 is one and a half. */
  readonly cpuLimit: number | null
  /** How many CPUs may be used; null: all. */
  readonly cpus: number | null
  readonly pids: number | null
  /** Of its private area, at once; and for as long as the grace time. */
  readonly disk: number | null
  readonly diskSoft: number | null
  /** Files, directories and all else that has an inode of its own. */
  readonly inodes: number | null
  readonly inodesSoft: number | null
}

/** What is absent or undefined keeps its value; null takes the limit away. */
export type LimitsChange = { readonly [K in keyof Limits]?: Limits[K] | undefined }

/** One field that was refused, as the API's details show it. */
export interface LimitProblem {
  readonly path: string
  readonly message: string
}

export interface NodeSize {
  readonly cpus: number
  readonly memoryBytes: number
}

/**
 * For a VPS about which nothing was said: a leak or a fork bomb must end at the VPS's own walls, and idle capacity may be used.
 * Memory: 1 GiB carries a distribution and a web server. Swap: none, for swapping is paid by the disk that all share. CPU: the
 * weight alone, for time that nobody else wants costs nobody anything. Processes and threads: 4096, which no ordinary server
 * reaches, and of which a thousand VPSs stay under the kernel's 4,194,304. Disk: 10 GiB and a million inodes of its own, shared files not
 * counted, so that one that fills its disk leaves the volume to the others.
 */
export const DEFAULT_LIMITS: Limits = {
  memory: 1024 ** 3,
  swap: 0,
  cpuUnits: 1000,
  cpuLimit: null,
  cpus: null,
  pids: 4096,
  disk: 10 * 1024 ** 3,
  diskSoft: null,
  inodes: 1_000_000,
  inodesSoft: null,
}

export function mergeLimits(base: Limits, change: LimitsChange): Limits {
  return { ...base, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) }
}

/** What forbids these limits on this node; empty: nothing. */
export function checkLimits(limits: Limits, node: Pick<NodeSize, 'cpus'>): LimitProblem[] {
  const problems = ranges.flatMap(([field, least, most, whole]): LimitProblem[] => {
    const value = limits[field]
    const fits = value === null || (value >= least && value <= most && (!whole || Number.isSafeInteger(value)))
    return fits ? [] : [problem(field, `must be ${whole ? 'a whole number ' : ''}from ${least} to ${most}, and is ${value}`)]
  })
  for (const [soft, hard] of [
    ['diskSoft', 'disk'],
    ['inodesSoft', 'inodes'],
  ] as const) {
    const [least, most] = [limits[soft], limits[hard]]
    if (least !== null && most !== null && least > most)
      problems.push(problem(soft, `of ${least} never applies: the hard limit is ${most}`))
  }
  if (limits.cpus !== null && limits.cpus > node.cpus && !problems.some(({ path }) => path === 'limits.cpus')) {
    problems.push(problem('cpus', `asks for ${counted(limits.cpus, 'CPU')}, and this node has ${node.cpus}`))
  }
  return problems
}

/** What is legal and has no effect here: a limit is no promise, and may be more than the node has. */
export function limitsWithoutEffect(limits: Limits, node: NodeSize): LimitProblem[] {
  const notes: LimitProblem[] = []
  const cpus = Math.min(limits.cpus ?? node.cpus, node.cpus)
  if (limits.memory !== null && limits.memory > node.memoryBytes) {
    notes.push(problem('memory', `limit of ${limits.memory} bytes never applies: this node has ${node.memoryBytes}`))
  }
  if (limits.cpuLimit !== null && limits.cpuLimit > cpus * 100) {
    notes.push(
      problem('cpuLimit', `of ${limits.cpuLimit} never applies: ${counted(cpus, 'CPU')} can give ${cpus * 100} per cent`),
    )
  }
  return notes
}

const MOST_INODES = 2 ** 48

/** Least, most, and whether fractions are refused. Below a megabyte of memory not even an init can be executed. */
const ranges: readonly (readonly [keyof Limits, number, number, boolean])[] = [
  ['memory', 1024 ** 2, Number.MAX_SAFE_INTEGER, true],
  ['swap', 0, Number.MAX_SAFE_INTEGER, true],
  ['cpuUnits', 8, 500_000, true],
  ['cpuLimit', 1, 1_000_000, false],
  ['cpus', 1, 8192, true],
  ['pids', 1, 4_194_304, true],
  ['disk', 1024 ** 2, Number.MAX_SAFE_INTEGER, true],
  ['diskSoft', 1024 ** 2, Number.MAX_SAFE_INTEGER, true],
  ['inodes', 100, MOST_INODES, true],
  ['inodesSoft', 100, MOST_INODES, true],
]

function problem(field: keyof Limits, message: string): LimitProblem {
  return { path: `limits.${field}`, message: `${field} ${message}` }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
