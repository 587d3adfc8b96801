/** What a check writes down while it looks. */

import type { Damage } from '../reports.ts'

export type Report = (damage: Omit<Damage, 'repairable'> & { readonly repairable?: boolean }) => void

export interface Findings {
  readonly damages: Damage[]
  readonly report: Report
}

export function findings(): Findings {
  const damages: Damage[] = []
  return { damages, report: ({ repairable = true, ...damage }) => void damages.push({ ...damage, repairable }) }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
