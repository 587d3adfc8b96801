/** Waiting until the system inside a VPS is up: what `create`, `start` and `restart` share. */

import { ApiFailure } from '@insula/contract/api-failure'
import type { Boot } from '@insula/contract/light'
import { UsageError } from './command.ts'
import type { Context } from './context.ts'
import { seconds } from './values.ts'

/** Seconds that one question waits for the answer. */
const ASK = 2
const PATIENCE = 120
/** Milliseconds to the next one. */
const PAUSE = 100

export const bootOptions = {
  'wait-booted': { short: 'w', about: 'wait until the system inside is up, too (of an init that does not tell: until it runs)' },
  'boot-timeout': { value: 'TIME', about: 'so long at most: 30, 5m (default: 2m)', parse: seconds },
} as const

export interface BootOptions {
  readonly wait: boolean | undefined
  readonly 'wait-booted': boolean
  readonly 'boot-timeout': number | undefined
}

/** @throws UsageError */
export function checkBootOptions(options: BootOptions, starts = true): void {
  if (options['boot-timeout'] !== undefined && !options['wait-booted'])
    throw new UsageError('takes --boot-timeout only with --wait-booted')
  if (!options['wait-booted']) return
  if (!starts) throw new UsageError('takes --wait-booted only with --start')
  if (options.wait === false) throw new UsageError('takes either --no-wait or --wait-booted, not both')
}

/** Resolves when it is up, with a note when some of it is not. @throws ApiFailure when it is not up in time, or ended */
export async function awaitBoot(context: Context, vps: string, { 'boot-timeout': given = PATIENCE }: BootOptions): Promise<void> {
  const client = await context.client()
  for (const until = Date.now() + given * 1_000; ;) {
    const wait = Math.min(ASK, Math.max(0, (until - Date.now()) / 1_000))
    const boot = await client.vpsBoot({ params: { vps }, query: { wait } }).then(
      (answer) => answer.boot,
      (error: unknown) => {
        // insulad may be restarted meanwhile, and the VPS boots on.
        if (!(error instanceof ApiFailure) || error.code !== 'unavailable' || Date.now() >= until) throw error
        return null
      },
    )
    if (boot?.state === 'up') return
    if (boot?.state === 'degraded') return note(context, vps, boot)
    if (boot !== null && Date.now() >= until) throw tooLate(vps, boot, given)
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
}

function note(context: Context, vps: string, { says, failed }: Boot): void {
  if (failed.length === 0) {
    context.note(`insula: ${vps} is started; systemd inside says "${says ?? 'degraded'}"`)
    context.note(`  look inside: insula exec ${vps} -- systemctl status`)
    return
  }
  context.note(`insula: ${vps} is started; ${failed.length} unit${failed.length === 1 ? '' : 's'} failed: ${failed.join(', ')}`)
  context.note(`  look inside: insula exec ${vps} -- systemctl status ${failed[0]}`)
}

function tooLate(vps: string, { says }: Boot, patience: number): ApiFailure {
  const why = says === null ? 'its init does not answer yet' : `systemd inside says "${says}"`
  return new ApiFailure({
    code: 'start_failed',
    message: `${vps} is started, but was not up within ${patience} s: ${why}`,
    remedy: `see what it waits for: insula exec ${vps} -- systemctl list-jobs, insula logs ${vps}; wait longer with --boot-timeout 10m`,
  })
}
