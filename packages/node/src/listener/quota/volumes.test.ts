import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { after, test } from 'node:test'
import { fakeQuota } from '@insula/kernel/fakes'
import { openIdQuota, settingsFile } from '@insula/vzfs'
import type { ListenedVps } from '../vps.ts'
import { quotaVolumes } from './volumes.ts'

test('a volume is open while a VPS of it is served, and can be unmounted afterwards', () => {
  const open: string[] = []
  const quotas = quotaVolumes({
    served: () => new Map(),
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

test('the quota of who never asked is settled too, and of who has ended no more', () => {
  const area = mkdtempSync('/tmp/insula-volumes-')
  after(() => rmSync(area, { recursive: true }))
  const files = { lock: () => true }
  const DAY = 86_400
  const kept = { ...fakeQuota({ now: () => 1_000 }), [Symbol.dispose]: () => undefined }
  const vps: ListenedVps = { id: '101', init: 1, base: 65_536, size: 65_536, cgroup: '', quota: { volume: '/v', area } }
  const own = openIdQuota({ settings: settingsFile(files, area, false), quota: kept, base: vps.base })
  own.setAccounted(9)
  own.setGrace('user', { bytes: DAY })
  own.limit('user', 1, { bytesSoft: 5 })
  kept.use('user', vps.base + 1, 6, 1)
  const served = new Map([[vps.id, vps]])
  let opened = 0
  const quotas = quotaVolumes({ served: () => served, files, open: () => ((opened += 1), kept), log: assert.fail })
  for (const _ of quotas.settle());
  assert.equal(kept.account('user', vps.base + 1).bytesGraceEnds, 1_000 + DAY)
  quotas.forget(vps.id)
  served.set('102', { ...vps, id: '102' })
  const steps = quotas.settle()
  steps.next()
  served.delete('102')
  served.delete('101')
  quotas.forget('101')
  for (const _ of steps);
  assert.equal(opened, 2, 'the one for 102 not')
})
