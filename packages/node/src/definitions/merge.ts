/** `extends`: maps are merged, everything else replaces what was there, null removes it. */

export function merge(base: unknown, own: unknown): unknown {
  if (!isMap(base) || !isMap(own)) return own
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(own)) {
    if (value === null) delete merged[key]
    else merged[key] = merge(base[key], value)
  }
  return merged
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
