/** Figures of VZFS for monitoring, looked at now and then: each look reads the metadata of all areas. */

import type { VzfsDf } from '@insula/contract'
import type { Means } from '../means.ts'
import type { VzfsFigures } from '../metrics/families.ts'
import { measureResidency, measureSpace } from './measure.ts'

export interface VzfsBoard extends AsyncDisposable {
  figures(): Omit<VzfsFigures, 'disks'>
}

const EVERY_MS = 15 * 60_000

export function openVzfsBoard(means: Means): VzfsBoard {
  let space: VzfsDf | null = null
  let residency: VzfsFigures['residency'] = null
  let last = Promise.resolve()
  const look = async (): Promise<void> => {
    try {
      space = await measureSpace(means)
      residency = await measureResidency(means, {})
    } catch (error) {
      means.log('what VZFS takes could not be measured', error)
    }
  }
  const timer = setInterval(() => void (last = last.then(look)), EVERY_MS).unref()
  return {
    figures() {
      const check = means.lastCheck.get()
      return {
        damaged: check?.damaged ?? null,
        checkedAt: check?.at ?? null,
        space: space?.volume ?? null,
        volumes: space?.volumes ?? null,
        residency,
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await last
    },
  }
}
