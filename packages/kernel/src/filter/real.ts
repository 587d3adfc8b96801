/** PacketFilter through libnftables. */

import { FilterRefused, type PacketFilter } from './filter.ts'
import { type Nft, openNft } from './nft.ts'

/** Works on the network namespace that the process was started in. */
export function realPacketFilter(): PacketFilter {
  const nft = openNft()
  return {
    async replaceTable(family, name, body) {
      try {
        await nft.run(replacing(family, name, body))
      } catch (error) {
        throw await withoutGuess(nft, family, name, body, error)
      }
    },
    async removeTable(family, name) {
      await nft.run(removing(family, name))
    },
    async tables() {
      const { nftables } = JSON.parse(await nft.run('list tables\n')) as Listing
      return nftables.flatMap(({ table }) => (table ? [`${table.family} ${table.name}`] : []))
    },
    async table(family, name) {
      try {
        return JSON.parse(await nft.run(`list table ${family} ${name}\n`))
      } catch (error) {
        if (error instanceof FilterRefused && /no such file/i.test(error.message)) return null
        throw error
      }
    },
  }
}

/** One file is one transaction: made (so that delete finds it), deleted, and made anew. Body begins on its second line. */
const replacing = (family: string, name: string, body: string): string =>
  `table ${family} ${name} {}; delete table ${family} ${name}; table ${family} ${name} {\n${body}\n}\n`
const removing = (family: string, name: string): string => `table ${family} ${name} {}; delete table ${family} ${name}\n`

const GUESS = /; did you mean /

/**
 * When something that a rule names does not exist, libraries from 1.1 on look for a table or chain of the kernel that is called much like the rule's own, which is not
 * there yet either, and tell that in place of the line. Where they find exactly the rule's own, with no rules in it, they do not guess; so the kernel
 * is asked once more under another name.
 */
async function withoutGuess(nft: Nft, family: string, name: string, body: string, error: unknown): Promise<unknown> {
  if (!(error instanceof FilterRefused) || !GUESS.test(error.message)) return error
  const other = `${name}-refused`
  const chains = Array.from(body.matchAll(/^\s*chain (\S+) \{/gm), ([, chain]) => `chain ${chain} { }`)
  try {
    await nft.run(replacing(family, other, chains.join('\n')))
    await nft.check(replacing(family, other, body))
    return error
  } catch (again) {
    return again
  } finally {
    await nft.run(removing(family, other))
  }
}

/** libnftables-json(5) */
interface Listing {
  readonly nftables: readonly { readonly table?: { readonly family: string; readonly name: string } }[]
}
