import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeQuota } from '@insula/kernel/fakes'
import type { ListenedVps } from '../vps.ts'
import { quotaVolumes } from './volumes.ts'

test('a volume is open while a VPS of it is served, and can be unmounted afterwards', () => {
  const open: string[] = []
  const quotas = quotaVolumes({
    files: { lock: () => true },
    open(volume) {
      open.push(volume)
      return { ...fakeQuota(), [Symbol.dispose]: () => void open.splice(open.indexOf(volume), 1) }
    },
    log: assert.fail,
  })
  const vps = (id: string, volume: string): ListenedVps => ({
    id,
    init: 1,
    base: 65_536 * Number(id),
    size: 65_536,
    cgroup: id,
    quota: { volume, area: `/nowhere/${id}` },
  })
  for (let round = 0; round < 2; round++) {
    const [one, two, three] = [vps('101', '/first'), vps('102', '/second'), vps('103', '/second')]
    for (const each of [one, two, three, two]) assert.ok(quotas.of(each))
    assert.equal(quotas.of(two), quotas.of(two))
    assert.equal(quotas.of({ ...one, id: '104', quota: null }), null)
    assert.deepEqual(open, ['/first', '/second'])
    quotas.forget('102')
    assert.deepEqual(open, ['/first', '/second'])
    quotas.forget('103')
    quotas.forget('103')
    assert.deepEqual(open, ['/first'])
    quotas.forget('101')
    assert.deepEqual(open, [])
  }
})
