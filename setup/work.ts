/** What the steps of ./up and ./down are made of. */

import type { Instance } from '@insula/node'
import type { Machine } from './machine.ts'

/** Something that is missing, and how it comes to be: planned first, so that --check and the real thing cannot drift apart. */
export interface Work {
  /** After "would": "raise kernel.pid_max from 32768 to 4194304". */
  readonly what: string
  /** Takes back what it began when it fails. */
  run(): Promise<unknown>
}

/** What is missing now; nothing is changed by asking. */
export type Plan = (setting: Setting) => Promise<Work[]>

export interface Step {
  readonly title: string
  readonly plan: Plan
  /** Why there is nothing to do where one would expect something; null: there is just nothing. */
  readonly kept?: (setting: Setting) => string | null
}

export interface Setting {
  readonly instance: Instance
  /** The checkout. */
  readonly home: string
  readonly machine: Machine
  readonly options: Options
}

export interface Options {
  readonly volume?: string
  /** Bytes. */
  readonly size?: number
  readonly mirror?: string
  readonly addressPool?: string
  readonly demo: boolean
  /** ./down: the data goes too. */
  readonly purge: boolean
  /** ./down: VPSs that cannot be stopped in good order are killed. */
  readonly force?: boolean
}

/** A refusal for the administrator: one sentence and a remedy. */
export class SetupFailed extends Error {
  override readonly name = 'SetupFailed'
  readonly remedy: string

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.remedy = remedy
  }
}
