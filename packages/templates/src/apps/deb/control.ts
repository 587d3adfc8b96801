/** Stanzas of fields, as dpkg's status, an archive's Packages and `apt-cache show` have them. deb822(5) */

export type Field = readonly [name: string, value: string]
export type Stanza = readonly Field[]

/** Lines that begin with a blank go on with the value of the field above them; lines that are neither are left out. */
export function parseStanzas(text: string): Stanza[] {
  return text
    .split(/\n[ \t]*(?:\n[ \t]*)+/)
    .map(parseStanza)
    .filter((stanza) => stanza.length > 0)
}

function parseStanza(text: string): Stanza {
  const fields: [string, string][] = []
  for (const line of text.split('\n')) {
    const last = fields.at(-1)
    if (/^[ \t]/.test(line)) {
      if (last !== undefined) last[1] += `\n${line}`
      continue
    }
    const [, name, value] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined && !name.startsWith('#') && !name.startsWith('-')) fields.push([name, value])
  }
  return fields
}

/** One empty line between them, and at the end. */
export const formatStanzas = (stanzas: readonly Stanza[]): string =>
  stanzas.map((stanza) => `${stanza.map(([name, value]) => `${name}: ${value}\n`).join('')}\n`).join('')

/** Field names have no case. */
export function fieldOf(stanza: Stanza, name: string): string | null {
  const wanted = name.toLowerCase()
  return stanza.find(([field]) => field.toLowerCase() === wanted)?.[1] ?? null
}

export function withField(stanza: Stanza, name: string, value: string): Stanza {
  const wanted = name.toLowerCase()
  return [...stanza.filter(([field]) => field.toLowerCase() !== wanted), [name, value]]
}
