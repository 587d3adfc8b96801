/** Labels after a change of some of them. */

import { MOST_LABELS, type VpsChange } from '@insula/contract'
import { failure } from '../failures.ts'
import type { VpsRecord } from '../record.ts'

/** @throws ApiFailure invalid_request */
export function changedLabels(
  { labels }: Pick<VpsRecord, 'labels'>,
  change: NonNullable<VpsChange['labels']>,
  doing: string,
): VpsRecord['labels'] {
  const after = { ...labels, ...change }
  const kept = Object.entries(after).filter((entry): entry is [string, string] => entry[1] !== null)
  if (kept.length <= MOST_LABELS) return Object.fromEntries(kept.toSorted(([one], [other]) => (one < other ? -1 : 1)))
  const remedy = `remove some with --unlabel`
  throw failure('invalid_request', `${doing}: it would have ${kept.length} labels, and ${MOST_LABELS} are the most`, remedy)
}
