/** What tests of an installation in a machine of the lab have in common. */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { HOME, TREES } from './layout.ts'
import type { Answer, Machine } from './machine.ts'

const UP_MS = 600_000

/** So that an installation takes the trees of templates which the lab brings: it reaches no mirror. */
export async function bringTrees(machine: Machine): Promise<void> {
  const config = JSON.stringify({ templateCache: TREES })
  await machine.ok(
    'sh',
    '-c',
    `mkdir -p /etc/insula; [ -e /etc/insula/insula.json ] || echo '${config}' > /etc/insula/insula.json`,
  )
}

/** `./up`, with the trees that the lab brings. */
export async function up(machine: Machine, ...options: string[]): Promise<Answer> {
  await bringTrees(machine)
  return machine.run([`${HOME}/up`, ...options], { deadline: UP_MS })
}

/** `insula ARGS`, and success is asked for. */
export const insula = (machine: Machine, ...args: string[]): Promise<string> => machine.ok('insula', ...args)

export interface Shown {
  readonly id: number
  readonly state: string
  readonly pid: number | null
  readonly addresses: readonly string[]
}

export async function show(machine: Machine, name: string): Promise<Shown> {
  const shown = JSON.parse(await insula(machine, 'show', name, '--json')) as Shown & { readonly vps?: Shown }
  return shown.vps ?? shown
}

/** Polls until it is so. @throws after `seconds`, naming what was waited for */
export async function until(what: string, condition: () => Promise<boolean>, seconds = 120): Promise<void> {
  for (const deadline = Date.now() + seconds * 1_000; !(await condition()); await sleep(500)) {
    assert.ok(Date.now() < deadline, `waited ${seconds} s in vain for: ${what}`)
  }
}
