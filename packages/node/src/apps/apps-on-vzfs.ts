/** The shelf of apps, on a volume. */

import { appDefinitions, buildApp, listApps, listTemplates, removeTemplate } from '@insula/templates'
import type { ShelfMeans } from '../templates-on-vzfs.ts'
import type { AppShelf } from './app-shelf.ts'

export function appShelf({ vzfs, runner }: Pick<ShelfMeans, 'vzfs' | 'runner'>): AppShelf {
  return {
    list: () => listApps(vzfs),
    definitions: () => appDefinitions,
    async build(name, { mirror, signal, onProgress, onLine }) {
      const source = appDefinitions.find((one) => one.name === name)
      if (!source) throw new Error(`there is no definition of an app "${name}"`)
      const systems = (await listTemplates(vzfs)).map((os) => ({
        ref: os.ref,
        name: os.name,
        family: os.distribution,
        architecture: os.architecture,
      }))
      const told = ({ step, done }: { step: string; done: number }): void => onProgress(step, done, 100)
      return buildApp(source, { vzfs, runner, systems, mirror, signal, onProgress: told, onLine })
    },
    remove: (ref) => removeTemplate(vzfs, ref),
    contents: (ref, path) => vzfs.layers.contents(ref, path),
  }
}
