/**
 * The floor: crun alone, on the same bundle and the same kind of root file system. It gets the configuration that the keeper wrote for a VPS,
 * less what only Insula adds (console, lxcfs, a user namespace made beforehand, answers to system calls), in a mount namespace where the host looks like a pure v2 one,
 * which crun needs on hybrid hosts.
 */

import { chownSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startAttached } from '@insula/kernel'
import { volumePaths } from '@insula/vzfs'
import { type BenchNode, mounts, userNamespaces } from './node.ts'

const BASE = 2 ** 30
const SIZE = 65_536
const CGROUP = '/insula-bench-bare'

interface Config {
  mounts: { destination: string; type: string }[]
  linux: { namespaces: { type: string }[]; seccomp: Seccomp; [field: string]: unknown }
  [field: string]: unknown
}

interface Seccomp {
  readonly defaultAction: string
  readonly architectures: readonly string[]
  readonly syscalls: readonly { readonly action: string }[]
}

export interface BundleOptions {
  /** With the calls that the listener answers. */
  readonly answered?: boolean
  /** With what lxcfs shows. */
  readonly procView?: boolean
}

export interface Bare extends AsyncDisposable {
  /** Mounts a root and writes a bundle: not what is measured. */
  prepare(id: string, template: string, options?: BundleOptions): Promise<void>
  create(id: string): Promise<void>
  start(id: string): Promise<void>
  exec(id: string, ...argv: string[]): Promise<number>
  /** The same command in a VPS of Insula's, by its number. */
  execInside(id: number, ...argv: string[]): Promise<number>
  remove(id: string): Promise<void>
  /** A file that something inside wrote. */
  read(id: string, path: string): string
}

/** @param example bundle directory of a VPS that runs */
export function bareCrun(node: BenchNode, example: string): Bare {
  const place = join(node.instance.volume, 'bare')
  mkdirSync(place, { recursive: true, mode: 0o711 })
  const runtime = '/run/insula-bench-bare'
  mkdirSync(runtime, { recursive: true })
  const model = JSON.parse(readFileSync(join(example, 'config.json'), 'utf8')) as Config
  const inside = mounts.keepPrivateCopy((calls) => calls.fileSystem('cgroup2', '/sys/fs/cgroup'))
  const runIn = async (root: string, ...argv: string[]): Promise<number> => {
    const started = mounts.inNamespace(inside, () =>
      startAttached(['crun', `--root=${root}`, '--cgroup-manager=cgroupfs', ...argv], {
        descriptors: ['null', 'null', 'null'],
      }),
    )
    return (await started.ended).code ?? -1
  }
  const run = (...argv: string[]): Promise<number> => runIn(runtime, ...argv)
  const must = async (...argv: string[]): Promise<void> => {
    const code = await run(...argv)
    if (code !== 0) throw new Error(`crun ${argv.join(' ')} ended with ${code}`)
  }
  const made = new Set<string>()
  const remove = async (id: string): Promise<void> => {
    await run('delete', '--force', id)
    mounts.inNamespace(inside, (calls) => {
      while (calls.detach(join(place, id, 'root'))) continue
    })
    rmSync(join(place, id), { recursive: true, force: true })
    made.delete(id)
  }
  return {
    async prepare(id, template, { answered = false, procView = false } = {}) {
      const paths = volumePaths(node.instance.volume)
      const own = join(place, id)
      for (const name of ['upper', 'work', 'root']) mkdirSync(join(own, name), { recursive: true })
      chownSync(join(own, 'upper'), BASE, BASE)
      using userns = await userNamespaces({ base: BASE, size: SIZE })
      const overlay = {
        own: null,
        layers: [paths.layer(template).tree],
        pool: paths.pool,
        upper: join(own, 'upper'),
        work: join(own, 'work'),
        root: join(own, 'root'),
      }
      mounts.inNamespace(inside, (calls) => calls.overlay({ ...overlay, options: ['metacopy=on', 'redirect_dir=on'] }, userns))
      const mapping = [{ containerID: 0, hostID: BASE, size: SIZE }]
      const config = {
        ...model,
        root: { path: join(own, 'root') },
        mounts: model.mounts.filter(
          ({ destination, type }) =>
            destination !== '/dev/console' && (procView || !(type === 'bind' && /^\/(proc|sys)\//.test(destination))),
        ),
        linux: {
          ...model.linux,
          seccomp: answered ? model.linux.seccomp : refusalsOf(model.linux.seccomp),
          cgroupsPath: `${CGROUP}/${id}`,
          namespaces: model.linux.namespaces.map(({ type }) => ({ type })),
          uidMappings: mapping,
          gidMappings: mapping,
        },
      }
      writeFileSync(join(own, 'config.json'), JSON.stringify(config))
      made.add(id)
    },
    create: (id) => must('create', '--bundle', join(place, id), id),
    start: (id) => must('start', id),
    exec: (id, ...argv) => run('exec', id, ...argv),
    execInside: (id, ...argv) => runIn(node.instance.runtime, 'exec', `${id}`, ...argv),
    remove,
    read: (id, path) => readFileSync(join(place, id, 'upper', path), 'utf8'),
    async [Symbol.asyncDispose]() {
      for (const id of made) await remove(id)
      rmSync(place, { recursive: true, force: true })
      rmSync(runtime, { recursive: true, force: true })
      for (const mount of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) removeEmptyGroups(`${mount}${CGROUP}`)
    },
  }
}

/** The same filter without calls that somebody outside would have to answer. */
function refusalsOf({ defaultAction, architectures, syscalls }: Seccomp): Seccomp {
  return { defaultAction, architectures, syscalls: syscalls.filter(({ action }) => action !== 'SCMP_ACT_NOTIFY') }
}

function removeEmptyGroups(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) removeEmptyGroups(join(directory, entry.name))
    rmdirSync(directory)
  } catch {
    // There is none.
  }
}
