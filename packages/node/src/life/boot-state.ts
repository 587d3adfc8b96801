/** How far the system inside a VPS is with its boot: systemd is asked, or whether a file is there, by a command that runs inside. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Boot } from '@insula/contract'
import { failure } from '../failures.ts'
import type { Keeper } from '../keeper/keeper.ts'
import type { Means } from '../means.ts'
import { endOf } from './start.ts'

/** Each question is a process inside, of a VPS that has much to do just then. */
const ASK_AGAIN_MS = 250
/** Of one question. What answers is the tenant's. */
const PATIENCE_MS = 10_000
const MOST_SAID = 4_096
const MOST_UNITS = 20

/** @param wait for the end of its boot, in milliseconds @throws ApiFailure when it does not run, or not any more */
export async function bootOf(means: Means, ref: string, wait: number): Promise<Boot> {
  const { id, init } = means.inventory.find(ref)
  for (const deadline = Date.now() + wait; ;) {
    const boot = requireRunning(means, id)
      ? await stateOf(means.keeper, `${id}`, init.ready ?? (init.kind === 'systemd' ? 'systemd' : 'none'))
      : BOOTING
    if (boot.state !== 'booting' || Date.now() + ASK_AGAIN_MS > deadline) return boot
    await sleep(ASK_AGAIN_MS)
  }
}

const BOOTING: Boot = { state: 'booting', says: null, failed: [] }
const UP: Boot = { state: 'up', says: null, failed: [] }

/** false: its init is about to run. */
function requireRunning({ inventory }: Means, id: number): boolean {
  const { name, state, lastExit, problem } = inventory.find(`${id}`)
  if (state === 'running') return true
  if (state === 'starting') return false
  const why = problem ?? (state === 'stopped' && lastExit ? `its init ended: ${endOf(lastExit)}` : null)
  throw failure(
    'conflict',
    `VPS "${name}" does not boot: it is ${state}${why === null ? '' : ` (${why})`}`,
    `see \`insula logs ${name}\``,
  )
}

async function stateOf(keeper: Keeper, id: string, ready: string): Promise<Boot> {
  if (ready === 'none') return UP
  if (ready !== 'systemd') {
    const found = await ask(keeper, id, ['ls', '-d', ready])
    return found === null || found.trim() === ready ? UP : BOOTING
  }
  const said = await ask(keeper, id, ['systemctl', 'is-system-running'])
  // The tenant has another init now.
  if (said === null) return UP
  const says = said.split('\n')[0]?.trim() || null
  if (says === 'running') return { ...UP, says }
  if (says !== 'degraded' && says !== 'maintenance') return { ...BOOTING, says }
  const list = (await ask(keeper, id, ['systemctl', 'list-units', '--failed', '--plain', '--no-legend'])) ?? ''
  const failed = list.split('\n').flatMap((line) => /^[\w:.@\\-]{1,255}/.exec(line)?.[0] ?? [])
  return { state: 'degraded', says, failed: failed.slice(0, MOST_UNITS) }
}

/** What it printed; '' when it could not be run now, null when there is no such command. */
async function ask(keeper: Keeper, id: string, argv: readonly string[]): Promise<string | null> {
  let said = ''
  const stdout = (chunk: Buffer): void => void (said = `${said}${chunk.toString()}`.slice(0, MOST_SAID))
  try {
    const session = await keeper.exec(id, { argv }, { stdout, stderr: () => undefined })
    session.end()
    const late = setTimeout(() => session.close(), PATIENCE_MS)
    await session.ended.finally(() => clearTimeout(late))
    return said
  } catch (error) {
    return (error as { code?: unknown }).code === 'exec_not_found' ? null : ''
  }
}
