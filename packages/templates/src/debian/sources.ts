/** What apt is told about archives: sources.list(5), the one-line form and deb822. Pure: texts in, entries out. */

export interface AptSource {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  /** Key file or fingerprint; null when any trusted key will do. */
  readonly signedBy: string | null
}

/** Entries of binary packages (`deb`), disabled ones left out. */
export function parseSources(file: { readonly name: string; readonly text: string }): AptSource[] {
  return file.name.endsWith('.sources') ? parseStanzas(file.text) : file.text.split('\n').flatMap(parseLine)
}

function parseLine(line: string): AptSource[] {
  const [, options = '', uri, suite, rest = ''] = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?([^\s[\]]+)\s+(\S+)([^#]*)/.exec(line) ?? []
  if (uri === undefined || suite === undefined) return []
  const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? null
  return [{ uri, suite, components: words(rest), signedBy }]
}

/** Stanzas are divided by empty lines; a field goes on where lines are indented; # in the first column starts a comment. */
function parseStanzas(text: string): AptSource[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap(parseStanza)
}

function parseStanza(stanza: string): AptSource[] {
  const fields = new Map<string, string>()
  for (const field of stanza.split(/\n(?=\S)/)) {
    const colon = field.indexOf(':')
    if (colon > 0) fields.set(field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim())
  }
  const list = (name: string): string[] => words(fields.get(name) ?? '')
  if (!list('types').includes('deb') || /^(no|false|without|off|disable|0)$/i.test(fields.get('enabled') ?? '')) return []
  const components = list('components')
  const signedBy = fields.get('signed-by') ?? null
  return list('uris').flatMap((uri) => list('suites').map((suite) => ({ uri, suite, components, signedBy })))
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')
