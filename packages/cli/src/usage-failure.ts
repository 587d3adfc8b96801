/** A mistake of the user as an error of the contract: what --json prints of it. */

import type { ApiError } from '@insula/contract/light'

/** @param name "insula list" */
export function usageFailure(name: string, message: string): { readonly error: ApiError } {
  return { error: { code: 'invalid_request', message: `${name}: ${message}`, remedy: `see \`${name} --help\`` } }
}

/** What is asked for before it is known what the words mean. */
export function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words.slice(0, end === -1 ? undefined : end).includes('--json')
}
