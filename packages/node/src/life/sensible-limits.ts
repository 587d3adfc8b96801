/** Refuses limits that cannot be on this node. */

import { checkLimits, type Limits } from '@insula/model'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'

/** @throws ApiFailure invalid_request */
export function requireSensible({ cpus }: Pick<Means, 'cpus'>, limits: Limits, doing: string): void {
  const problems = checkLimits(limits, { cpus: cpus.length })
  if (problems.length === 0) return
  const remedies: Readonly<Record<string, string>> = {
    'limits.cpus': `give it at most ${cpus.length}, or no limit for all of them`,
    'limits.diskSoft': 'give a soft limit that is not above the hard one',
    'limits.inodesSoft': 'give a soft limit that is not above the hard one',
  }
  const [remedy] = problems.map(({ path }) => remedies[path]).filter((known) => known !== undefined)
  throw failure('invalid_request', `${doing}: ${problems.map(({ message }) => message).join('; ')}`, remedy)
}
