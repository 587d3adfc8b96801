/** What every PacketFilter does. Its tables hook in nowhere, so no packet meets them. */

import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { FilterRefused, type PacketFilter } from './filter.ts'

/** @param name of the table that the suite makes and removes */
export function filterConformance(driver: string, name: string, open: () => PacketFilter): void {
  describe(`${driver} is a PacketFilter`, () => {
    const filter = open()
    afterEach(() => filter.removeTable('inet', name))
    const parts = async (): Promise<string[]> => {
      const table = (await filter.table('inet', name)) as Table | null
      return (table?.nftables ?? []).flatMap(({ chain, set }) => [chain?.name ?? set?.name ?? '']).filter(Boolean)
    }

    test('a table is made, replaced as a whole, and removed twice', async () => {
      await filter.replaceTable('inet', name, 'chain one { }\nchain two { }')
      assert.ok((await filter.tables()).includes(`inet ${name}`))
      assert.deepEqual(await parts(), ['one', 'two'])
      await filter.replaceTable('inet', name, 'set three { type ipv4_addr; }\nchain two { ip saddr @three accept; }')
      assert.deepEqual((await parts()).toSorted(), ['three', 'two'])
      await filter.removeTable('inet', name)
      await filter.removeTable('inet', name)
      assert.equal(await filter.table('inet', name), null)
      assert.ok(!(await filter.tables()).includes(`inet ${name}`))
    })

    test('what is refused leaves the table as it was, and tells the line', async () => {
      await filter.replaceTable('inet', name, 'chain kept { }')
      await assert.rejects(filter.replaceTable('inet', name, 'chain a { }\n}'), (error: unknown) => {
        assert.ok(error instanceof FilterRefused)
        assert.match(error.message, /line [23]: syntax error, unexpected '}'/)
        return true
      })
      assert.deepEqual(await parts(), ['kept'])
      await filter.removeTable('inet', name)
      await assert.rejects(filter.replaceTable('inet', name, 'chain a {'), FilterRefused)
      assert.equal(await filter.table('inet', name), null)
    })

    test('calls take effect in their order', async () => {
      const names = Array.from({ length: 10 }, (_, index) => `chain${index}`)
      await Promise.all(names.map((chain) => filter.replaceTable('inet', name, `chain ${chain} { }`)))
      assert.deepEqual(await parts(), ['chain9'])
    })

    test('families are apart', async () => {
      await filter.replaceTable('ip', name, 'chain one { }')
      assert.equal(await filter.table('inet', name), null)
      assert.ok((await filter.tables()).includes(`ip ${name}`))
      await filter.removeTable('ip', name)
    })
  })
}

interface Table {
  readonly nftables: readonly { readonly chain?: { readonly name: string }; readonly set?: { readonly name: string } }[]
}
