/** The shelf of templates, on a volume. */

import type { ProcessRunner, RunConfined } from '@insula/kernel'
import {
  type BuildNeed,
  buildTemplate,
  cycloneDx,
  importTemplate,
  listTemplates,
  removeTemplate,
  showTemplate,
  type Template,
  type TemplateSource,
  updateTemplate,
  withTreeOf,
} from '@insula/templates'
import type { Vzfs } from '@insula/vzfs'
import type { Definitions } from './definitions/shelf.ts'
import { lint } from './definitions/lint.ts'
import { scaffold } from './definitions/scaffold.ts'
import { osSource } from './definitions/os-source.ts'
import { failure } from './failures.ts'
import type { BuildOptions, ShelvedTemplate, TemplateShelf } from './template-shelf.ts'

export interface ShelfMeans {
  readonly vzfs: Vzfs
  readonly runner: ProcessRunner
  readonly runConfined: RunConfined
  readonly treeCache: string | undefined
  readonly definitions: Definitions
}

export function templateShelf({ vzfs, runner, runConfined, treeCache, definitions }: ShelfMeans): TemplateShelf {
  const needOf = ({ mirror, signal, log = () => {}, onProgress }: BuildOptions): BuildNeed => ({
    vzfs,
    runner,
    mirror,
    treeCache,
    signal,
    log,
    onProgress: ({ step, done }) => onProgress(step, done, 100),
  })
  const sourceOf = async (name: string): Promise<TemplateSource> => osSource(await definitions.find(name), name)
  return {
    list: async () => (await listTemplates(vzfs)).map(shelved),
    find: async (ref) => {
      const found = await showTemplate(vzfs, ref)
      return found === null ? null : shelved(found)
    },
    definitions: () => definitions.list(),
    build: async (name, options) => shelved(await buildTemplate(await sourceOf(name), needOf(options))),
    update: async (name, options) => {
      const built = await updateTemplate(await sourceOf(name), needOf(options))
      return built === null ? null : shelved(built)
    },
    sbom: async (ref) => {
      const found = await showTemplate(vzfs, ref)
      return found === null ? null : cycloneDx(found)
    },
    lint: (which) => lint(definitions, which),
    scaffold: (wish) => scaffold(definitions, wish),
    import: async (name, file, { signal, log, ...options }) => {
      if ((await definitions.find(name)) !== null)
        throw failure('conflict', `template ${name} cannot be imported: it is one that is built`, 'choose another name')
      const onProgress = ({ step, done }: { step: string; done: number }): void => options.onProgress(step, done, 100)
      return shelved(await importTemplate(name, file, { vzfs, runner, runConfined, signal, log, onProgress }))
    },
    remove: (ref) => removeTemplate(vzfs, ref),
    withTreeLike: async (ref, options, use) => {
      const found = await definitions.find(ref.split('@')[0] ?? ref)
      // What it was built from is gone.
      if (found === null) return
      await withTreeOf(osSource(found, ref), needOf(options), use)
    },
  }
}

function shelved(template: Template): ShelvedTemplate {
  const { init, initPath, stopSignal, readyProbe, ...rest } = template
  return { ...rest, layers: [rest.ref], init: { kind: init, path: initPath, stopSignal, ready: readyProbe } }
}
