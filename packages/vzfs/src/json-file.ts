/** JSON files on the volume: absent, damaged, or what they say. */

import { readFile } from 'node:fs/promises'
import { errnoOf, VzfsError } from './errors.ts'

/** undefined when there is no such file. @throws VzfsError damaged, naming the file */
export async function readJson(path: string): Promise<unknown> {
  let text
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw damaged(path, 'it is not JSON', error)
  }
}

export const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

export function damaged(path: string, why: string, cause?: unknown): VzfsError {
  return new VzfsError('damaged', `${path} is damaged: ${why}`, { cause })
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
