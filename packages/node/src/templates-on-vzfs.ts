/** The shelf of templates, on a volume. */

import type { ProcessRunner } from '@insula/kernel'
import {
  buildTemplate,
  definitions,
  findDefinition,
  listTemplates,
  removeTemplate,
  showTemplate,
  type Template,
  withTreeLike,
} from '@insula/templates'
import type { JoinedVzfs } from '@insula/vzfs'
import type { ShelvedTemplate, TemplateShelf } from './template-shelf.ts'

export interface ShelfMeans {
  readonly vzfs: JoinedVzfs
  readonly runner: ProcessRunner
  readonly treeCache: string | undefined
}

export function templateShelf({ vzfs, runner, treeCache }: ShelfMeans): TemplateShelf {
  return {
    list: async () => (await listTemplates(vzfs)).map(shelved),
    find: async (ref) => {
      const found = await showTemplate(vzfs, ref)
      return found === null ? null : shelved(found)
    },
    definitions: () => definitions,
    build: async (name, options) => {
      const definition = findDefinition(name)
      if (!definition) throw new Error(`there is no definition of a template "${name}"`)
      const { mirror, signal } = options
      const onProgress = ({ step, done }: { step: string; done: number }): void => options.onProgress(step, done, 100)
      return shelved(await buildTemplate(definition, { vzfs, runner, mirror, treeCache, signal, onProgress }))
    },
    remove: (ref) => removeTemplate(vzfs, ref),
    withTreeLike: (ref, { mirror, signal, onProgress }, use) => {
      const told = ({ step, done }: { step: string; done: number }): void => onProgress(step, done, 100)
      return withTreeLike(ref, { vzfs, runner, mirror, treeCache, signal, onProgress: told }, use)
    },
  }
}

function shelved(template: Template): ShelvedTemplate {
  const { name, version, ref, definition, distribution, release, architecture, init, stopSignal, files, bytes, builtAt } =
    template
  return {
    name,
    version,
    ref,
    definition,
    distribution,
    release,
    architecture,
    files,
    bytes,
    builtAt,
    layers: [ref],
    init: { kind: init, path: '/sbin/init', stopSignal },
  }
}
