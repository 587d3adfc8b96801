/** "Did you mean": the name that is nearest to one that does not exist. */

import type { ApiFailure } from '@insula/contract/api-failure'
import type { Context } from './context.ts'

/** A remedy for a name that nobody has, if there is one that is nearly it. */
export async function nameSuggestion(failure: ApiFailure, context: Context): Promise<string | undefined> {
  const wanted = /['"]([^'"]+)['"]/.exec(failure.message)?.[1]
  if ((failure.code !== 'not_found' && failure.code !== 'template_unknown') || wanted === undefined || wanted.startsWith('/'))
    return undefined
  try {
    const found = nearest(wanted, await knownNames(failure, context))
    return found === undefined ? undefined : `did you mean ${found}?`
  } catch {
    // The failure itself matters more than what could be said about it.
    return undefined
  }
}

async function knownNames(failure: ApiFailure, context: Context): Promise<string[]> {
  const client = await context.client()
  if (/\bvolume\b/.test(failure.message)) return (await client.volumeList()).volumes.map(({ name }) => name)
  if (/\bapp\b/.test(failure.message)) return (await client.appList()).apps.map(({ name }) => name)
  if (failure.code === 'not_found' && !/template/i.test(failure.message))
    return (await client.vpsList()).vps.map(({ name }) => name)
  const [built, definitions] = await Promise.all([client.templateList(), client.templateDefinitions()])
  return [...built.templates.flatMap(({ name, ref }) => [name, ref]), ...definitions.definitions.map(({ name }) => name)]
}

/** Near enough to have been meant: a third of the letters wrong at most. */
export function nearest(wanted: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, distance: editDistance(wanted, name) }))
    .filter(({ name, distance }) => distance > 0 && distance <= Math.max(1, Math.floor(Math.max(name.length, wanted.length) / 3)))
  return ranked.toSorted((a, b) => a.distance - b.distance)[0]?.name
}

/** Letters inserted, deleted, replaced or swapped with their neighbour (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] as number) + 1)
      next.push(best)
    }
    before = row
    row = next
  }
  return row[b.length] as number
}
