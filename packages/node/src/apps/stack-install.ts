/** Installs versions of apps in a workshop, one after the other, for a layer that many share: packages, and nothing of any one VPS. */

import { InsideFailed, placeApp } from '@insula/templates'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { Install } from '../stacks/stacks.ts'
import { systemFor, versionOf } from './app-of.ts'
import { type AppContext, workFor } from './work-for.ts'

/** @param template a version */
export function stackInstall(means: Means, template: string, context: Omit<AppContext, 'id'>): Install {
  return async (inside, refs) => {
    const came: Record<string, readonly string[]> = {}
    for (const ref of refs) {
      const doing = `cannot build the shared layer of ${refs.join(', ')} on ${template}`
      const app = await versionOf(means, ref, doing)
      const system = systemFor(app, template, doing)
      const vps = { id: 0, name: 'shared layer', addresses: [] }
      const work = { ...workFor(means, { inside, app, system, vps, values: {} }, context), disposable: true }
      const intend = async (names: readonly string[]): Promise<void> => void (came[ref] = names)
      try {
        await placeApp(work, 'add', { came: [], intend })
      } catch (error) {
        if (!(error instanceof InsideFailed)) throw error
        throw failure('conflict', `${doing}: ${error.message}`, error.remedy, error)
      }
    }
    return came
  }
}
