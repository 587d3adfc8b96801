/** What is asked for one app in one VPS, and what came of it. */

import type { App, Values } from '@insula/templates'

export interface Asked {
  readonly deed: 'add' | 'upgrade' | 'remove'
  readonly app: App
  readonly parameters: Values
  readonly purge: boolean
}

export interface Done {
  readonly outcome: 'done' | 'unchanged' | 'planned'
  readonly message: string | null
  /** Secrets that were made. */
  readonly made: Values
}

const PREPOSITIONS = { add: 'to', upgrade: 'in', remove: 'from' } as const
export const STATES = { add: 'adding', upgrade: 'upgrading', remove: 'removing' } as const

export const doingOf = ({ deed, app }: Pick<Asked, 'deed' | 'app'>, name: string): string =>
  `cannot ${deed} app ${app.name} ${PREPOSITIONS[deed]} VPS "${name}"`
