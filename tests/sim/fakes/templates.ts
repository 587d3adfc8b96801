/** Templates without packages: a build makes a layer and nothing else. */

import type { BuildOptions, ListedDefinition, ShelvedTemplate, TemplateShelf } from '@insula/node/daemon'
import type { Vzfs } from '@insula/vzfs'

interface Wish {
  readonly name: string
  readonly description: string
  readonly kind?: 'os' | 'app'
}

const DEFINITIONS: readonly Wish[] = [
  { name: 'micro', description: 'BusyBox' },
  { name: 'debian-12', description: 'Debian 12' },
  { name: 'web', description: 'a web server', kind: 'app' },
  { name: 'shop', description: 'needs a web server', kind: 'app' },
  { name: 'endless', description: 'never finished' },
  ...Array.from({ length: 16 }, (_, at) => ({ name: `endless-${at}`, description: 'never finished' })),
]

export function fakeTemplates(vzfs: Pick<Vzfs, 'layers'>, kind: 'busybox' | 'systemd'): TemplateShelf {
  const list = async (): Promise<ShelvedTemplate[]> =>
    (await vzfs.layers.list()).map(({ name, builtAt }) => templateOf(name, builtAt, kind))
  return {
    list,
    find: async (ref) => (await list()).findLast((one) => one.ref === ref || one.name === ref) ?? null,
    definitions: async () => DEFINITIONS.map(listed),
    async build(name, { signal, onProgress }: BuildOptions) {
      onProgress('packages', 0, 100)
      if (name.startsWith('endless'))
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
      const count = (await list()).filter((one) => one.name === name).length
      const { name: ref, builtAt } = await vzfs.layers.build(`${name}@2026-01-01.${count + 1}`, '')
      return templateOf(ref, builtAt, kind)
    },
    // What it would build is what there is.
    update: async () => null,
    sbom: async (ref) => ({ bomFormat: 'CycloneDX', components: [{ name: ref }] }),
    lint: async () => ({ directory: '/nowhere', faults: [] }),
    scaffold: async ({ name }) => ({ directory: `/nowhere/${name}`, files: ['template.yaml'] }),
    async import(name, file, { signal, log }) {
      if (file === '/endless')
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
      log(`${file} was read`)
      const { name: ref, builtAt } = await vzfs.layers.build(`${name}@2026-01-01.1`, '')
      return templateOf(ref, builtAt, kind)
    },
    remove: (ref) => vzfs.layers.remove(ref),
    withTreeLike: async (_ref, _options, use) => use('/nowhere'),
  }
}

const listed = ({ name, description, kind = 'os' }: Wish): ListedDefinition => ({
  name,
  origin: 'shipped',
  overrides: false,
  directory: `/nowhere/${name}`,
  kind,
  description,
  fault: null,
})

function templateOf(ref: string, builtAt: string, kind: 'busybox' | 'systemd'): ShelvedTemplate {
  const [name = '', version = ''] = ref.split('@')
  return {
    name,
    version,
    ref,
    definition: name,
    distribution: 'none',
    release: '1',
    architecture: 'amd64',
    family: 'none',
    description: name,
    sources: [],
    packages: [{ name: 'base', version, architecture: 'amd64', sha256: '0'.repeat(64) }],
    packageManager: name.startsWith('debian') ? 'apt' : 'none',
    init: { kind, path: '/sbin/init', stopSignal: 'SIGUSR2', ready: kind === 'systemd' ? 'systemd' : 'none' },
    layers: [ref],
    files: 1,
    bytes: 1,
    builtAt,
  }
}
