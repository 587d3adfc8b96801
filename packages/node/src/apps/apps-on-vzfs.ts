/** The shelf of apps, on a volume. */

import { buildApp, buildRpmUpdates, buildUpdates, listApps, listTemplates, removeTemplate } from '@insula/templates'
import { appSource } from '../definitions/app-source.ts'
import { osSource } from '../definitions/os-source.ts'
import type { ShelfMeans } from '../templates-on-vzfs.ts'
import type { AppShelf } from './app-shelf.ts'

export interface AppShelfMeans extends Pick<ShelfMeans, 'vzfs' | 'runner' | 'definitions'> {
  /** Where lists of packages are kept between builds. */
  readonly lists: string
}

export function appShelf({ vzfs, runner, definitions, lists }: AppShelfMeans): AppShelf {
  return {
    list: async () => (await listApps(vzfs)).filter(({ updates }) => updates === undefined),
    updates: async () => (await listApps(vzfs)).filter(({ updates }) => updates !== undefined),
    async build(name, { mirror, signal, onProgress, log }) {
      const definition = await definitions.find(name)
      if (!definition) throw new Error(`there is no definition of an app "${name}"`)
      const source = await appSource(definition)
      const systems = (await listTemplates(vzfs)).filter(({ packageManager }) => packageManager === 'apt')
      const told = ({ step, done }: { step: string; done: number }): void => onProgress(step, done, 100)
      return buildApp(source, { vzfs, runner, systems, mirror, lists, signal, onProgress: told, ...(log ? { onLine: log } : {}) })
    },
    async buildUpdates(ref, before, { mirror, signal, onProgress, log }) {
      const all = await listTemplates(vzfs)
      const target = all.find((one) => one.ref === ref)
      if (!target) throw new Error(`there is no template ${ref}`)
      const told = ({ step, done }: { step: string; done: number }): void => onProgress(step, done, 100)
      const versions = all.filter((one) => before.includes(one.ref))
      const need = { vzfs, runner, mirror, lists, signal, onProgress: told, ...(log ? { onLine: log } : {}) }
      if (target.packageManager !== 'dnf') return buildUpdates(target, versions, need)
      // Where its packages come from, its definition says.
      return buildRpmUpdates(target, versions, osSource(await definitions.find(target.name), target.name), need)
    },
    remove: (ref) => removeTemplate(vzfs, ref),
    contents: (ref, path) => vzfs.layers.contents(ref, path),
  }
}
