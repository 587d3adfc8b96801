/** Why apt on the node did not give the packages of an app: one sentence and a remedy. */

import type { ProcessFailed } from '@insula/kernel'
import { TemplateFailed } from '../../failure.ts'

/** @param app "app nginx for debian-12" @param lines what it said on stdout and stderr */
export function explainApt(error: ProcessFailed, app: string, lines: readonly string[] = []): TemplateFailed {
  const failed = (reason: TemplateFailed['reason'], why: string, remedy: string): TemplateFailed =>
    new TemplateFailed(reason, `${app} could not be built: ${why}`, remedy, { cause: error })
  const said = complaintOf(error)
  const has = (pattern: RegExp): boolean => pattern.test(error.stderr)
  if (has(/No space left on device|enough free space/i))
    return failed(
      'no_space',
      'no space is left on the volume',
      'remove templates or VPSs that are not needed, or enlarge the volume',
    )
  if (has(/Hash Sum mismatch|has unexpected size|Hashes of (?:expected|received) file|unexpected size/i))
    return failed(
      'signature',
      `a package or list is not what the signed lists of its archive say (${said})`,
      'the mirror may be in the middle of an update: try again later, or use another mirror',
    )
  if (
    has(
      /NO_PUBKEY|EXPKEYSIG|REVKEYSIG|KEYEXPIRED|BADSIG|is not signed|[Ss]ignatures? (?:couldn't|were|was|by key)|Sub-process \S*(?:gpgv|sqv)/,
    )
  )
    return failed(
      'signature',
      `an archive is not signed by the keys that are trusted for it (${said})`,
      "put the archive's present key into the definition, got from its owner by a way that you trust",
    )
  const unknown =
    /E: Unable to locate package (\S+)/.exec(error.stderr)?.[1] ??
    /E: Package '?([^'\s]+)'? has no installation candidate/.exec(error.stderr)?.[1] ??
    /E: Version '[^']+' for '([^']+)' was not found/.exec(error.stderr)?.[1] ??
    /E: Couldn't find any package by (?:glob|regex) '([^']+)'/.exec(error.stderr)?.[1]
  if (unknown !== undefined)
    return failed(
      'failed',
      `no archive has the package ${unknown} (${said})`,
      'look at packages and repositories of the definition',
    )
  if (
    has(
      /Failed to fetch|Could not (?:resolve|connect|wait)|Unable to connect|Temporary failure|timed out|does not have a Release file|Connection failed|404/,
    )
  )
    return failed(
      'mirror_unreachable',
      `packages could not be fetched (${said})`,
      "try again later; check the node's network and the addresses in the definition",
    )
  if (has(/unmet dependencies|held broken packages/))
    return failed(
      'failed',
      `its packages do not fit together (${unmet(lines)})`,
      'look at packages and repositories of the definition',
    )
  return failed('failed', said, "see the task's log for what apt said")
}

const unmet = (lines: readonly string[]): string =>
  /Depends: .+/.exec(lines.find((line) => line.includes('Depends: ')) ?? '')?.[0] ?? 'unmet dependencies'

function complaintOf(error: ProcessFailed): string {
  const complaints = error.stderr.split('\n').filter((line) => /^[EW]: /.test(line))
  const telling = complaints.find((line) => line.startsWith('E: ')) ?? complaints[0]
  return (telling ?? error.message).replace(/^[EW]: /, '').slice(0, 400)
}
