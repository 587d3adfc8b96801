/** Whether two builds are the same system: what was asked for, and every package that came of it. */

import type { Package } from './package.ts'
import type { TemplateManifest } from './template.ts'

type Compared = Pick<TemplateManifest, 'definition' | 'packages'>

export function sameAs(a: Compared, b: Compared): boolean {
  return a.definition === b.definition && sameSet(a.packages.map(line), b.packages.map(line))
}

const line = ({ name, version, architecture }: Package): string => `${name} ${version} ${architecture}`

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const set = new Set(a)
  return a.length === b.length && b.every((each) => set.has(each))
}
