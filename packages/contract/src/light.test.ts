import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  errors,
  exitCodes,
  formatIpv4,
  formatSize,
  frame,
  isErrorCode,
  isHostname,
  isInstanceName,
  isVpsId,
  isVpsName,
} from './light.ts'
import { localSocketPath, parseIpv4, parseSize, pathFor, unframe } from './light.ts'

test('sizes as people write them', () => {
  const sizes: [string, number | null][] = [
    ['0', 0],
    ['512', 512],
    ['512M', 512 * 1024 ** 2],
    ['1.5G', 1.5 * 1024 ** 3],
    ['2GiB', 2 * 1024 ** 3],
    ['2gb', 2 * 1024 ** 3],
    ['1 T', 1024 ** 4],
    ['0.5K', 512],
    ['1.5', null],
    ['-1', null],
    ['1e3', null],
    ['M', null],
    ['', null],
    ['9999999P', null],
    ['0x10', null],
    ['1.', null],
  ]
  for (const [text, bytes] of sizes) assert.equal(parseSize(text), bytes, text)
})

test('a shown size is the size, to two figures, and can be read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
      const shown = formatSize(bytes)
      assert.ok(shown.length <= 5, shown)
      const back = parseSize(shown)
      assert.ok(back !== null && Math.abs(back - bytes) <= bytes * 0.05, `${bytes} is shown as ${shown}, which is ${back}`)
    }),
  )
  assert.deepEqual([1023, 1024, 1_048_575, 1_048_576].map(formatSize), ['1023B', '1K', '1M', '1M'])
})

test('IPv4 addresses have one form', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => assert.equal(parseIpv4(formatIpv4(value)), value)))
  for (const wrong of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4/24',
    ' 1.2.3.4',
    '1.2.3.-4',
    '1.2.3.4a',
    '1..2.3',
  ]) {
    assert.equal(parseIpv4(wrong), null, wrong)
  }
})

test('names', () => {
  for (const good of ['a', 'web', 'web-1', 'a'.repeat(32)]) assert.ok(isVpsName(good), good)
  for (const bad of ['', '1web', '101', '-a', 'a-', 'Web', 'a_b', 'a.b', 'a'.repeat(33), 'wéb', 'a\n'])
    assert.ok(!isVpsName(bad), bad)
  for (const good of ['1', '101', '999999999']) assert.ok(isVpsId(good) && !isVpsName(good), good)
  for (const bad of ['', '0', '01', '1000000000', '1.0', '-1']) assert.ok(!isVpsId(bad), bad)
  for (const good of ['web', 'Web1.example.org', '1', 'a'.repeat(63)]) assert.ok(isHostname(good), good)
  for (const bad of ['', '.', 'a.', '-a', 'a-.b', 'a b', 'a'.repeat(64), `${'a'.repeat(32)}.${'b'.repeat(32)}`])
    assert.ok(!isHostname(bad), bad)
  for (const good of ['insula', 'test-1', 'a']) assert.ok(isInstanceName(good), good)
  for (const bad of ['', '1a', 'a-', 'a/b', '..', 'a'.repeat(17), 'A']) assert.ok(!isInstanceName(bad), bad)
})

test('frames carry their bytes', () => {
  fc.assert(
    fc.property(fc.constantFrom(0 as const, 1 as const, 2 as const), fc.uint8Array(), (channel, payload) => {
      const back = unframe(frame(channel, payload))
      assert.equal(back?.channel, channel)
      assert.deepEqual([...(back?.payload ?? [])], [...payload])
    }),
  )
  assert.equal(unframe(new Uint8Array()), null)
  assert.equal(unframe(Uint8Array.of(3, 1)), null)
})

test('paths are filled in, and nothing in a value changes the route', () => {
  assert.equal(pathFor('/v1/vps/:vps/exec', { vps: 'web' }), '/v1/vps/web/exec')
  assert.equal(pathFor('/v1/vps/:vps', { vps: '../../a?b=c#d' }), '/v1/vps/..%2F..%2Fa%3Fb%3Dc%23d')
  assert.throws(() => pathFor('/v1/vps/:vps', {}), TypeError)
  assert.throws(() => pathFor('/v1/vps/:vps', { vps: '' }), TypeError)
  assert.equal(localSocketPath('lab'), '/run/insula/lab/api.sock')
})

test('every error has a status that fits and an exit code that no shell uses for itself', () => {
  for (const [code, { status, exit, retryable, meaning }] of Object.entries(errors)) {
    assert.ok(isErrorCode(code) && !isErrorCode(code.toUpperCase()))
    assert.ok(status >= 400 && status < 600 && exit > 1 && exit < 126 && meaning.length > 0, code)
    assert.equal(retryable, code === 'busy' || code === 'unavailable', code)
  }
  assert.ok(!isErrorCode('toString'))
  const rows = exitCodes()
  assert.deepEqual(
    rows.map(({ exit }) => exit).toSorted((a, b) => a - b),
    [...new Set(rows.map(({ exit }) => exit))],
  )
  assert.equal(rows.flatMap(({ codes }) => codes).length, Object.keys(errors).length)
})
