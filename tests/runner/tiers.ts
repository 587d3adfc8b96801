/** Which files belong to which tier. */

import { globSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface Tier {
  readonly name: 'unit' | 'sim' | 'system' | 'lab'
  readonly patterns: readonly string[]
  readonly leaveOut: (file: string) => boolean
  readonly needsRoot: boolean
  /** Whether no other of these may run at the same time: they share an installation, or a machine. */
  readonly inRow: (file: string) => boolean
  /** Installations that its files share; made by the first of them, taken down at the end. */
  readonly instances: readonly string[]
  /** Seconds for one file. */
  readonly deadline: number
}

const TESTS = basename(join(import.meta.dirname, '..'))

const isSystem = (file: string): boolean => file.endsWith('.system.test.ts') || file.startsWith(`${TESTS}/system/`)

export const TIERS: readonly Tier[] = [
  {
    name: 'unit',
    patterns: [
      'packages/*/src/**/*.test.ts',
      'setup/**/*.test.ts',
      `${TESTS}/golden/**/*.test.ts`,
      `${TESTS}/runner/**/*.test.ts`,
    ],
    leaveOut: isSystem,
    needsRoot: false,
    inRow: () => false,
    instances: [],
    deadline: 120,
  },
  {
    name: 'sim',
    patterns: [`${TESTS}/sim/**/*.test.ts`],
    leaveOut: isSystem,
    needsRoot: false,
    inRow: () => false,
    instances: [],
    deadline: 180,
  },
  {
    name: 'system',
    patterns: ['packages/*/src/**/*.system.test.ts', 'setup/**/*.system.test.ts', `${TESTS}/system/**/*.test.ts`],
    leaveOut: () => false,
    needsRoot: true,
    // The others work on a volume and names of their own.
    inRow: (file) => file.startsWith(`${TESTS}/`),
    instances: ['systest-two', 'systest'],
    deadline: 600,
  },
  {
    name: 'lab',
    // And files of the system tier, see lab/choice.ts.
    patterns: [`${TESTS}/lab/**/*.test.ts`],
    leaveOut: () => false,
    needsRoot: true,
    inRow: () => true,
    instances: [],
    deadline: 1_200,
  },
]

/** Below `home`, sorted. */
export function filesOf(tier: Tier, home: string): string[] {
  return globSync([...tier.patterns], { cwd: home, exclude: (path) => path.includes('node_modules') })
    .filter((file) => !tier.leaveOut(file))
    .toSorted()
}

export function tierNamed(name: Tier['name']): Tier {
  const found = TIERS.find((tier) => tier.name === name)
  if (!found) throw new Error(`there is no tier ${name}`)
  return found
}

export function tierOf(file: string): Tier {
  const below = (['sim', 'lab'] as const).find((name) => file.startsWith(`${TESTS}/${name}/`))
  return tierNamed(isSystem(file) ? 'system' : (below ?? 'unit'))
}
