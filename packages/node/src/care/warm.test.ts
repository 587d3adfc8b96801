import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aVps } from '../testing/a-vps.ts'
import { openWarming, type WarmingNeed } from './warm.ts'

test('layers are read ahead for the first VPS that starts, and again when none has used them for long', async () => {
  let time = 0
  let running: readonly (readonly string[])[] = []
  const read: string[] = []
  const parts: WarmingNeed = {
    vzfs: {
      async readAhead(volume, layers, most) {
        assert.equal(most, 4_000)
        read.push([...(volume === 'default' ? [] : [`${volume}:`]), ...layers].join(' '))
        return { files: 0, bytes: 0 }
      },
      learn: async () => undefined,
    },
    inventory: { all: () => running.map((layers, id) => aVps({ id, state: 'running', layers: [...layers] })) },
    config: {},
    log: () => undefined,
  }
  let short = false
  const memory = { free: () => 16_000, isShort: async () => short }
  await using warming = openWarming(parts, () => time, memory)
  const started = async (...layers: string[]): Promise<string[]> => {
    read.length = 0
    await warming.before({ volume: 'default', layers })
    return [...read]
  }
  assert.deepEqual(await started('app', 'os'), ['app os'])
  assert.deepEqual(await started('os'), [], 'it was read a moment ago')
  read.length = 0
  await warming.before({ volume: 'ssd', layers: ['os'] })
  assert.deepEqual(read, ['ssd: os'], 'there it is another file')
  assert.deepEqual(await started('other', 'os'), ['other'])
  running = [['os']]
  time += 24 * 3_600_000
  assert.deepEqual(await started('other', 'os'), ['other'], 'another VPS uses the rest')
  running = []
  time += 60_000
  assert.deepEqual(await started('other', 'os'), [], 'that one stopped a minute ago')
  time += 3_600_000
  assert.deepEqual(await started('os'), ['os'])
  time += 3_600_000
  short = true
  assert.deepEqual(await started('os'), [], 'pages of others would go for it')
})
