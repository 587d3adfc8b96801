/** dnf(8) for a system that is not ours: its settings, what it is asked, and what its lines mean. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kernelReadOnly, OF_TREE } from '../scripts/confined.ts'
import { writeForBuild } from './repositories.ts'
import type { RpmRecipe } from './recipe.ts'

/** In the tree: dnf puts the root that it installs to in front. */
export const CACHE = '/var/cache/dnf'

export interface DnfPlaces {
  readonly tree: string
  /** Holds all that dnf is told; see `writeDnfSettings`. */
  readonly settings: string
}

/** Nothing of the node's own dnf and rpm counts: neither settings, nor variables, plugins or keys. */
export async function writeDnfSettings(
  { repositories, database, weakDependencies }: RpmRecipe,
  directory: string,
): Promise<void> {
  await mkdir(join(directory, 'vars'), { recursive: true })
  await mkdir(join(directory, 'repositories'))
  await writeForBuild(repositories, join(directory, 'repositories'))
  const main = {
    gpgcheck: 1,
    plugins: 0,
    best: 1,
    skip_if_unavailable: 0,
    install_weak_deps: weakDependencies ? 1 : 0,
    keepcache: 1,
    reposdir: join(directory, 'repositories'),
    varsdir: join(directory, 'vars'),
    cachedir: CACHE,
    logdir: '/var/log',
    retries: 3,
  }
  const lines = Object.entries(main).map(([key, value]) => `${key}=${value}`)
  await writeFile(join(directory, 'dnf.conf'), ['[main]', ...lines, ''].join('\n'))
  // Debian's rpm has its database elsewhere. What is mounted while packages are installed is not theirs to change.
  await writeFile(join(directory, '.rpmmacros'), `%_dbpath ${database}\n%_netsharedpath /dev:/proc:/sys\n`)
}

/**
 * Where it can reach the tree and nothing else: scripts of packages run in it as its root, with a /dev and a /proc of their own, and end with
 * dnf. bwrap(1)
 */
export function dnfArgv(
  { exclude, release }: RpmRecipe,
  { tree, settings }: DnfPlaces,
  network: boolean,
  what: readonly string[],
): readonly [string, ...string[]] {
  const spaces = network ? ['pid', 'ipc', 'uts'] : ['pid', 'ipc', 'uts', 'net']
  const dev = join(tree, 'dev')
  const proc = join(tree, 'proc')
  return [
    'bwrap',
    '--die-with-parent',
    '--new-session',
    ...spaces.map((name) => `--unshare-${name}`),
    ...words('--ro-bind / / --dev /dev --proc /proc'),
    ...kernelReadOnly('/proc'),
    ...words('--tmpfs /run --tmpfs /tmp --tmpfs /var/tmp'),
    ...(network ? words('--ro-bind-try /run/systemd/resolve /run/systemd/resolve') : []),
    ...bind('--ro-bind', settings),
    ...bind('--bind', tree),
    '--dev',
    dev,
    '--proc',
    proc,
    ...kernelReadOnly(proc),
    '--setenv',
    'HOME',
    settings,
    ...words('--chdir / --cap-drop ALL'),
    ...OF_TREE.flatMap((name) => ['--cap-add', `CAP_${name}`]),
    '--',
    'dnf',
    '--config',
    join(settings, 'dnf.conf'),
    `--installroot=${tree}`,
    `--releasever=${release}`,
    ...words('--assumeyes --color=never'),
    ...exclude.map((name) => `--exclude=${name}`),
    ...what,
  ]
}

const words = (text: string): string[] => text.split(' ')
const bind = (how: string, place: string): string[] => [how, place, place]

/** Per cent of the whole build that is done when dnf begins something. */
const STEPS: readonly (readonly [start: string, step: string, done: number])[] = [
  ['Dependencies resolved', 'downloading packages', 10],
  ['Running transaction test', 'checking packages', 35],
  ['  Preparing ', 'installing packages', 40],
  ['  Verifying ', 'verifying packages', 80],
]

export function stepOf(line: string): { readonly step: string; readonly done: number } | null {
  const [, step, done] = STEPS.find(([start]) => line.startsWith(start)) ?? []
  return step === undefined || done === undefined ? null : { step, done }
}
