/** What the product shows to the outside, kept as text: each file and what it is made from. */

import { allHelp, exitCodesDocument } from '@insula/cli'
import { openApiDocument, templateSchema } from '@insula/contract'

export interface GoldenFile {
  readonly file: URL
  make(): Promise<string>
}

export const goldenFiles: readonly GoldenFile[] = [
  { file: new URL('openapi.json', import.meta.url), make: async () => `${JSON.stringify(openApiDocument(), null, 2)}\n` },
  { file: new URL('template.schema.json', import.meta.url), make: async () => `${JSON.stringify(templateSchema(), null, 2)}\n` },
  { file: new URL('cli-help.txt', import.meta.url), make: allHelp },
  { file: new URL('../../docs/exit-codes.md', import.meta.url), make: async () => exitCodesDocument() },
]
