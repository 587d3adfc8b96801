/** Which files belong to which tier. DESIGN of the tiers: CONTRIBUTING.md. */

import { globSync } from 'node:fs'

export interface Tier {
  readonly name: 'unit' | 'sim' | 'system'
  readonly patterns: readonly string[]
  readonly leaveOut: (file: string) => boolean
  readonly needsRoot: boolean
  /** Real VPSs share one kernel: one file at a time. */
  readonly alone: boolean
  /** Seconds for one file. */
  readonly deadline: number
}

const isSystem = (file: string): boolean => file.endsWith('.system.test.ts') || file.startsWith('test/system/')

export const TIERS: readonly Tier[] = [
  {
    name: 'unit',
    patterns: ['packages/*/src/**/*.test.ts', 'setup/**/*.test.ts', 'test/golden/**/*.test.ts', 'test/runner/**/*.test.ts'],
    leaveOut: isSystem,
    needsRoot: false,
    alone: false,
    deadline: 120,
  },
  { name: 'sim', patterns: ['test/sim/**/*.test.ts'], leaveOut: isSystem, needsRoot: false, alone: false, deadline: 180 },
  {
    name: 'system',
    patterns: ['packages/*/src/**/*.system.test.ts', 'setup/**/*.system.test.ts', 'test/system/**/*.test.ts'],
    leaveOut: () => false,
    needsRoot: true,
    alone: true,
    deadline: 600,
  },
]

/** Below `home`, sorted. */
export function filesOf(tier: Tier, home: string): string[] {
  return globSync([...tier.patterns], { cwd: home, exclude: (path) => path.includes('node_modules') })
    .filter((file) => !tier.leaveOut(file))
    .toSorted()
}

export function tierOf(file: string): Tier {
  const found = TIERS.find(({ name }) => name === (isSystem(file) ? 'system' : file.startsWith('test/sim/') ? 'sim' : 'unit'))
  if (!found) throw new Error(`${file} belongs to no tier`)
  return found
}
