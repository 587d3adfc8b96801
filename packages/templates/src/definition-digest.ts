/** SHA-256 over everything that a definition says: equal digests build equal systems, but for the packages' versions. */

import { hash } from 'node:crypto'
import type { TemplateSource } from './template.ts'

/** Raise it when building does something else with the same definition, so that digests tell the difference. */
const REVISION: Readonly<Record<TemplateSource['definition']['install']['with'], number>> = { mmdebstrap: 4, dnf: 1, busybox: 2 }

/** @param contents of the files that the definition names */
export function definitionDigest({ name, definition, contents }: TemplateSource): string {
  const files = Object.entries(contents)
    .map(([file, bytes]) => [file, hash('sha256', bytes)])
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))
  return hash('sha256', JSON.stringify([REVISION[definition.install.with], name, definition, files]))
}
