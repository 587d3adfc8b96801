/** Insula's systemd units, for this checkout. systemd.unit(5) */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const DIRECTORY = '/etc/systemd/system'

export interface Unit {
  /** Where it goes. */
  readonly file: string
  readonly contents: string
}

export function unitsFor(home: string, node: string): Unit[] {
  const templates = join(import.meta.dirname, 'systemd')
  return readdirSync(templates)
    .toSorted()
    .map((name) => ({
      file: join(DIRECTORY, name),
      contents: readFileSync(join(templates, name), 'utf8')
        .replaceAll('@HOME@', () => escaped(home))
        .replaceAll('@NODE@', () => escaped(node)),
    }))
}

/** "insulad@insula.service" and the like, in the order in which they start. */
export function unitNames(instance: string): string[] {
  return ['insula-volume', 'insula-keeper', 'insulad', 'insula-shutdown'].map((name) => `${name}@${instance}.service`)
}

/** Inside double quotes of a unit. systemd.service(5), "Command lines" */
const escaped = (path: string): string =>
  path.replaceAll('%', '%%').replaceAll(/["\\$]/g, (sign) => (sign === '$' ? '$$' : `\\${sign}`))
