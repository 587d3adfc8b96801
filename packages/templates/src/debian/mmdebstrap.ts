/** mmdebstrap(1): what it is asked, what its lines mean, and why it failed. */

import type { ProcessFailed } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'
import { type AptSetting, formatSetting } from './apt-settings.ts'
import type { Archive } from './archives.ts'
import type { DebianRecipe, DebianRepository } from './recipe.ts'

/** Debian's archive keys, on the node and inside of every Debian. */
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** The files in which mmdebstrap leaves its `--aptopt` and `--dpkgopt` behind. */
export const LEFT_BEHIND = ['/etc/apt/apt.conf.d/99mmdebstrap', '/etc/dpkg/dpkg.cfg.d/99mmdebstrap'] as const

/**
 * In namespaces of its own: when it is killed, at any moment, all that it started and mounted goes with it. unshare(1)
 */
export function mmdebstrapArgv(
  recipe: DebianRecipe,
  archives: readonly Archive[],
  settings: readonly AptSetting[],
  tree: string,
  others: readonly string[] = [],
) {
  // The tree lies where only root can look, so apt cannot download as its sandbox user.
  const components = (recipe.components ?? ['main']).join(' ')
  const apt = [{ name: 'APT::Sandbox::User', value: 'root' }, ...settings]
  return [
    'unshare',
    '--mount',
    '--propagation=private',
    '--pid',
    '--fork',
    '--kill-child=SIGKILL',
    '--mount-proc',
    '--',
    'mmdebstrap',
    '--mode=root',
    `--variant=${recipe.variant ?? 'minbase'}`,
    '--format=directory',
    // They hold the hashes of packages, and are looked at before they go.
    '--skip=cleanup/apt/lists',
    `--include=${recipe.packages.join(',')}`,
    ...apt.map((setting) => `--aptopt=${formatSetting(setting)}`),
    // A build that is cut off is thrown away, so there is nothing to protect by syncing each file.
    '--dpkgopt=force-unsafe-io',
    recipe.suite,
    tree,
    ...archives.flatMap(({ uri, suites }) => suites.map((suite) => `deb [signed-by=${KEYRING}] ${uri} ${suite} ${components}`)),
    ...others,
  ] as const
}

/** Per cent of the whole build that is done when mmdebstrap begins something, as measured: most of the time goes into installing. */
const STEPS: readonly (readonly [start: string, step: string, done: number])[] = [
  ['I: running apt-get update', 'reading package lists', 5],
  ['I: downloading packages', 'downloading packages', 15],
  ['I: extracting archives', 'unpacking the base system', 30],
  ['I: installing essential', 'installing essential packages', 40],
  ['I: installing remaining', 'installing packages', 60],
  ['I: cleaning package lists', 'cleaning up', 85],
]

export function stepOf(line: string): { readonly step: string; readonly done: number } | null {
  const [, step, done] = STEPS.find(([start]) => line.startsWith(start)) ?? []
  return step === undefined || done === undefined ? null : { step, done }
}

/** Turns the end of a failed run into one sentence and a remedy. */
export function explain(
  error: ProcessFailed,
  definition: string,
  archives: readonly Archive[],
  repositories: readonly DebianRepository[] = [],
): TemplateFailed {
  const mirrors = [...archives.map((archive) => archive.uri), ...repositories.map(({ address }) => address)].join(' and ')
  const said = lastComplaint(error)
  const failed = (reason: TemplateFailed['reason'], why: string, remedy: string): TemplateFailed =>
    new TemplateFailed(reason, `template ${definition} could not be built: ${why}`, remedy, { cause: error })
  const has = (pattern: RegExp): boolean => pattern.test(error.stderr) || pattern.test(error.message)
  if (has(/No space left on device|not enough free space/i)) {
    return failed(
      'no_space',
      'no space is left on the volume',
      'remove templates or VPSs that are not needed, or enlarge the volume',
    )
  }
  if (has(/was not found|failed to execute/)) {
    return failed('tool_missing', 'mmdebstrap is not installed', 'install it with: apt-get install mmdebstrap')
  }
  if (
    has(
      /NO_PUBKEY|EXPKEYSIG|REVKEYSIG|KEYEXPIRED|BADSIG|is not signed|signatures? (?:couldn't|were|was)|Sub-process \S*(?:gpgv|sqv)/i,
    )
  ) {
    return failed(
      'signature',
      `packages of ${mirrors} are not signed by a key in ${[KEYRING, ...repositories.map(({ name }) => `the keys of ${name}`)].join(' or ')} (${said})`,
      `bring the keys up to date with: apt-get install debian-archive-keyring, or use another mirror with --mirror URL${repositories.length === 0 ? '' : '; keys of other repositories lie beside template.yaml'}`,
    )
  }
  if (
    has(
      /Failed to fetch|Could not (?:resolve|connect)|Unable to connect|Temporary failure|timed out|Hash Sum mismatch|does not have a Release file/i,
    )
  ) {
    // Its own are not what --mirror is about.
    const own = repositories.filter(({ address }) => said.includes(placeOf(address)))
    if (own.length > 0 && !archives.some(({ uri }) => said.includes(placeOf(uri))))
      return failed(
        'mirror_unreachable',
        `${own.map(({ name, address }) => `the repository ${name} at ${address}`).join(' and ')} could not be read (${said})`,
        'try again later, or correct install.repositories in template.yaml',
      )
    return failed(
      'mirror_unreachable',
      `${mirrors} could not be read (${said})`,
      'try again later, or give another mirror with --mirror URL',
    )
  }
  return failed('failed', said, "see the task's log for what mmdebstrap and apt said")
}

/** What apt's complaints name: the host, or all of it when there is none. */
const placeOf = (address: string): string => (URL.canParse(address) && new URL(address).host) || address

/** mmdebstrap's own last lines only say which program failed. */
function lastComplaint(error: ProcessFailed): string {
  const complaints = error.stderr.split('\n').filter((line) => /^(?:E|W|dpkg): ?/.test(line))
  const telling = complaints.find((line) => line.startsWith('E: ') && !/\b(?:failed|signal|caught)\b/.test(line))
  return (telling ?? complaints.at(-1) ?? error.message).replace(/^E: /, '')
}
