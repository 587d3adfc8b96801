/** How a VPS is stopped: what `stop` and `restart` share. */

import type { VpsStop } from '@insula/contract/light'
import { seconds } from './values.ts'

export const stopOptions = {
  timeout: { value: 'TIME', about: 'kill what still runs after this: 30, 500ms, 2m', parse: seconds },
  force: { short: 'f', about: 'kill at once' },
} as const

export function stopBody({ timeout, force }: { readonly timeout: number | undefined; readonly force: boolean }): VpsStop {
  return { ...(timeout === undefined ? {} : { timeout }), ...(force ? { force } : {}) }
}
