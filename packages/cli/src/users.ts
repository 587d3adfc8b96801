/** Who uses a template or an app, by name: the API has their ids. */

import type { Context } from './context.ts'

/** @returns names in the order of ids; what is no VPS any more keeps its number */
export async function namesOfUsers(context: Context, all: readonly { readonly usedBy: readonly number[] }[]) {
  const isUsed = all.some(({ usedBy }) => usedBy.length > 0)
  const vps = isUsed ? (await (await context.client()).vpsList()).vps : []
  const names = new Map(vps.map(({ id, name }) => [id, name]))
  return ({ usedBy }: { readonly usedBy: readonly number[] }): string[] => usedBy.map((id) => names.get(id) ?? `${id}`)
}
