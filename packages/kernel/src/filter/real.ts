/** PacketFilter through libnftables. */

import { FilterRefused, type PacketFilter } from './filter.ts'
import { openNft } from './nft.ts'

/** Works on the network namespace that the process was started in. */
export function realPacketFilter(): PacketFilter {
  const nft = openNft()
  return {
    async replaceTable(family, name, body) {
      // One file is one transaction: made (so that delete finds it), deleted, and made anew. Body begins on its second line.
      await nft.run(`table ${family} ${name} {}; delete table ${family} ${name}; table ${family} ${name} {\n${body}\n}\n`)
    },
    async removeTable(family, name) {
      await nft.run(`table ${family} ${name} {}; delete table ${family} ${name}\n`)
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

/** libnftables-json(5) */
interface Listing {
  readonly nftables: readonly { readonly table?: { readonly family: string; readonly name: string } }[]
}
