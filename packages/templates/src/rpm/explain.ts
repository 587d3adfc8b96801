/** Turns the end of a dnf that failed into one sentence and a remedy. */

import type { ProcessFailed } from '@insula/kernel'
import { type FailureReason, TemplateFailed } from '../failure.ts'
import { addressOf, type RpmRecipe } from './recipe.ts'

/** @param doing "template rocky-9 could not be built" */
export function explain(error: ProcessFailed, doing: string, { repositories }: RpmRecipe): TemplateFailed {
  const failed = (reason: FailureReason, why: string, remedy: string): TemplateFailed =>
    new TemplateFailed(reason, `${doing}: ${why}`, remedy, { cause: error })
  const text = `${error.stderr}\n${error.message}`
  const has = (pattern: RegExp): boolean => pattern.test(text)
  const said = lastComplaint(text)
  const addresses = repositories.map(addressOf).join(' and ')
  if (has(/No space left on device|Disk Requirements|more space needed/i))
    return failed(
      'no_space',
      'no space is left on the volume',
      'remove templates or VPSs that are not needed, or enlarge the volume',
    )
  if (has(/Unable to find a match: .*/))
    return failed(
      'failed',
      `there is no package ${/Unable to find a match: (.*)/.exec(text)?.[1] ?? ''} in ${addresses}`,
      'correct the names in the definition, or add the repository that has them',
    )
  if (has(/GPG check FAILED|is not signed|Public key for .* is not installed|Bad GPG signature|repomd\.xml GPG signature/i))
    return failed(
      'signature',
      `packages of ${addresses} are not signed by the keys of the definition (${said})`,
      'see that the keys beside template.yaml are those of the repository, and do not use a mirror that you do not trust',
    )
  if (has(/checksum|does not match (?:the )?(?:expected|downloaded)/i))
    return failed(
      'mirror_unreachable',
      `a file of ${addresses} is not what its index says (${said})`,
      'try again later, or use another mirror',
    )
  if (
    has(
      /Failed to download|Cannot download|Cannot prepare internal mirrorlist|Curl error|Status code: \d+|All mirrors were tried/i,
    )
  )
    return failed(
      'mirror_unreachable',
      `${addresses} could not be read (${said})`,
      "check the node's network, or use another mirror in the definition",
    )
  return failed('failed', said, "see the task's log for what dnf said")
}

function lastComplaint(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const unsigned = lines.find((line) => /^Public key for|is not signed/.test(line))
  const at = lines.findLastIndex((line) => /^(?:Error|Problem)/i.test(line))
  const error = lines[at]
  // What it is about stands on the line below.
  const more = error?.endsWith(':') === true ? lines[at + 1] : undefined
  return unsigned ?? more ?? error ?? lines.at(-1) ?? 'dnf failed'
}
