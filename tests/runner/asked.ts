/** What the words of ./test ask for. */

import { relative, resolve } from 'node:path'
import { chosen, CHOICES, OWN } from '../lab/choice.ts'
import { filesOf, type Tier, TIERS, tierOf } from './tiers.ts'

export interface Asked {
  readonly check: boolean
  /** Whether files were named, not tiers. */
  readonly byFile: boolean
  /** The files of each tier that run on this machine. */
  here(tier: Tier): readonly string[]
  /** Those that run in a machine of the lab. */
  readonly inside: readonly string[]
  /** Neither a tier nor a file. */
  readonly unknown: readonly string[]
}

const ALL = ['check', ...TIERS.map(({ name }) => name)]
const SETS: Readonly<Record<string, readonly string[]>> = { '': ALL, quick: ['check', 'unit', 'sim'] }

export function asked(words: readonly string[], home: string, isThere: (file: string) => boolean): Asked {
  const inLab = words[0] === 'lab' && words[1] !== undefined && !ALL.includes(words[1])
  const named = inLab ? words.slice(1) : words
  const found = named.filter(isThere)
  if (inLab || found.length > 0) {
    const files = found.map((file) => relative(home, resolve(file)))
    // The lab's own drive machines from here.
    const inside = inLab ? files.filter((file) => tierOf(file).name !== 'lab') : []
    return {
      check: false,
      byFile: true,
      here: (tier) => files.filter((file) => !inside.includes(file) && tierOf(file) === tier),
      inside,
      unknown: named.filter((word) => !isThere(word)),
    }
  }
  const tiers = SETS[words.join(' ')] ?? words
  // Of the lab all by its name, a part where it is one of all tiers.
  const whole = words.includes('lab')
  return {
    check: tiers.includes('check'),
    byFile: false,
    here: (tier) => (tiers.includes(tier.name) ? (tier.name === 'lab' ? chosen(OWN, whole) : filesOf(tier, home)) : []),
    inside: tiers.includes('lab') ? chosen(CHOICES, whole) : [],
    unknown: tiers.filter((name) => !ALL.includes(name)),
  }
}
