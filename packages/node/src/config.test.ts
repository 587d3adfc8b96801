import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readConfig } from './config.ts'

const directory = mkdtempSync(join(tmpdir(), 'insula-config-'))
after(() => rmSync(directory, { recursive: true }))

const read = (text: string) => {
  const file = join(directory, 'x.json')
  writeFileSync(file, text)
  return readConfig(file)
}

describe('the configuration file', () => {
  it('may be absent, empty or whole', () => {
    assert.deepEqual(readConfig(join(directory, 'none.json')), {})
    assert.deepEqual(read('{}'), {})
    const whole = {
      addressPool: '10.77.0.0/16',
      uplink: 'eth0',
      dns: ['192.0.2.53'],
      nat: false,
      idRangeStart: 65_536 * 5000,
      volume: '/srv',
    }
    assert.deepEqual(read(JSON.stringify(whole)), whole)
  })

  it('is refused with the file, the field and what it should be', () => {
    for (const [text, said] of [
      ['{', /x\.json is not JSON/],
      ['[]', /x\.json is not valid/],
      ['{"colour":1}', /colour/],
      ['{"addressPool":"10.77.0.0"}', /addressPool: a network such as "10\.77\.0\.0\/16"/],
      ['{"idRangeStart":1000}', /idRangeStart/],
      ['{"idRangeStart":65537}', /idRangeStart/],
      ['{"volume":"srv"}', /volume/],
      ['{"dns":["ns"]}', /dns\.0/],
    ] as const) {
      assert.throws(() => read(text), said)
    }
  })
})
