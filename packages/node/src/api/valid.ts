/** What a request says, checked against the contract's schema. */

import type { z } from 'zod'
import { ApiFailure, type Route } from '@insula/contract'

/** @param where names the value as a whole @throws ApiFailure invalid_request that says what cannot be done */
export function valid<T>(schema: z.ZodType<T>, value: unknown, doing: string, where = ''): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const details = result.error.issues.map((issue) => ({
    path: [...(where === '' ? [] : [where]), ...issue.path].join('.'),
    message: issue.message,
  }))
  const [first] = details
  const place = first === undefined || first.path === '' || NAMES_A_VPS.test(first.path) ? '' : `${first.path}: `
  throw new ApiFailure({
    code: 'invalid_request',
    message: `${doing}: ${place}${first?.message ?? 'the request is not valid'}`,
    details,
  })
}

/** Whoever has named one knows where. */
const NAMES_A_VPS = /(?:^|\.)vps(?:\.\d+)?$/

/** "cannot change settings and limits" */
export function cannot({ method, summary }: Pick<Route, 'method' | 'summary'>): string {
  if (method === 'GET') return 'cannot answer what was asked'
  const [deed = ''] = summary.split(',')
  return `cannot ${deed.charAt(0).toLowerCase()}${deed.slice(1)}`
}
