/** Keys that packages have to be signed by. */

import { readFile } from 'node:fs/promises'
import { TemplateFailed } from './failure.ts'
import type { TemplateSource } from './template.ts'

/** @param key a file of the definition, or of the node when it begins with a slash */
export async function keyBytes({ name, contents }: TemplateSource, key: string): Promise<Uint8Array> {
  const own = contents[key]
  if (own !== undefined) return own
  try {
    return await readFile(key)
  } catch (cause) {
    throw new TemplateFailed(
      'signature',
      `template ${name} could not be built: the key ${key} cannot be read`,
      'put the key there, got from its owner by a way that you trust',
      { cause },
    )
  }
}
