import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { isInstanceName } from '@insula/contract/paths'
import { instanceOf } from './instance.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,15}$/).filter(isInstanceName)

describe('an instance', () => {
  it('of the default name has plain names', () => {
    const { cgroup, filterTable, linkPrefix, apiSocket, idRangeStart, database } = instanceOf('insula')
    assert.deepEqual(
      { cgroup, filterTable, linkPrefix, apiSocket, idRangeStart, database },
      {
        cgroup: 'insula',
        filterTable: 'insula',
        linkPrefix: 'ins',
        apiSocket: '/run/insula/insula/api.sock',
        idRangeStart: 2 ** 28,
        database: '/var/lib/insula/insula/state.db',
      },
    )
  })

  it("shares no name with another, and keeps to the kernel's bounds", () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        const [a, b] = [instanceOf(one), instanceOf(other)]
        assert.ok(`${a.linkPrefix}.9999999`.length <= 15, a.linkPrefix)
        assert.ok(a.apiSocket.length < 108, 'a unix socket path has at most 107 bytes')
        assert.match(a.filterTable, /^[a-z][a-z0-9_]*$/)
        assert.ok(a.idRangeStart % 65_536 === 0 && a.idRangeStart >= 2 ** 28 && a.idRangeStart + 2 ** 27 <= 2 ** 31)
        if (one === other) return
        for (const field of ['cgroup', 'filterTable', 'state', 'run', 'logs', 'configFile'] as const)
          assert.notEqual(a[field], b[field])
      }),
    )
  })

  it('has a name without surprises', () => {
    for (const bad of ['', 'A', '1a', '../x', 'a/b', 'a'.repeat(17), 'a b', 'a.b'])
      assert.throws(() => instanceOf(bad), /instance name/)
  })
})
