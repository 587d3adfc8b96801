/** PacketFilter in memory. It does not know the language: of a body it checks the braces, and tells its chains and sets by name. */

import { FilterRefused, type PacketFilter } from './filter.ts'

export interface FakePacketFilter extends PacketFilter {
  /** "inet insula" to its body. */
  readonly bodies: ReadonlyMap<string, string>
}

/** @param refuse what a kernel would have against a body; null when nothing */
export function fakePacketFilter(refuse: (body: string) => string | null = () => null): FakePacketFilter {
  const bodies = new Map<string, string>()
  const handles = new Map<string, number>()
  return {
    bodies,
    async replaceTable(family, name, body) {
      const problem = unbalanced(body) ?? refuse(body)
      if (problem !== null) throw new FilterRefused(`the packet filter refused its rules: ${problem}`)
      bodies.set(`${family} ${name}`, body)
      handles.set(`${family} ${name}`, Math.max(0, ...handles.values()) + 1)
    },
    removeTable: async (family, name) => void bodies.delete(`${family} ${name}`),
    tables: async () => [...bodies.keys()],
    async table(family, name) {
      const body = bodies.get(`${family} ${name}`)
      if (body === undefined) return null
      const parts = [...body.matchAll(/^\s*(chain|set|map) (\S+) \{/gm)].map(([, kind = '', part]) => ({
        [kind]: { family, table: name, name: part },
      }))
      return { nftables: [{ table: { family, name, handle: handles.get(`${family} ${name}`) } }, ...parts] }
    },
  }
}

function unbalanced(body: string): string | null {
  let depth = 0
  for (const [index, line] of body.split('\n').entries()) {
    for (const brace of line.replace(/"[^"]*"|#.*/g, '').match(/[{}]/g) ?? []) depth += brace === '{' ? 1 : -1
    if (depth < 0) return `line ${index + 1}: syntax error, unexpected '}'`
  }
  return depth === 0 ? null : `line ${body.split('\n').length + 1}: syntax error, unexpected end of file`
}
