import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { realProcessRunner } from '@insula/kernel'
import type { AppParameter } from '../app.ts'
import { parseInstalled, parseRecommendations, parseRemains, parseSimulated } from './apt-inside.ts'
import { BadParameter, chooseParameters, parameterEnv } from './parameters.ts'
import { tarOf, type TarFile } from './ustar.ts'

test('what dpkg-query and a simulation of apt say', () => {
  const found = parseInstalled('ii \tnginx\t1.0\nrc \told\t2\niF \thalf\t1:3\nun \tnone\t\niHR\tbroken\t4\n')
  assert.deepEqual(
    [...found],
    [
      ['nginx', { version: '1.0', whole: true }],
      ['half', { version: '1:3', whole: false }],
      ['broken', { version: '4', whole: false }],
    ],
  )
  assert.deepEqual(
    parseSimulated(
      'NOTE: a\nInst libc6 [1] (2 Test [amd64])\nInst nginx (1 Test [all])\nConf nginx (1)\nRemv apache2 [2]\nPurg old:i386 [1]\n',
    ),
    { installs: ['libc6', 'nginx'], removes: ['apache2', 'old'] },
  )
  assert.deepEqual(
    [...parseRecommendations('a\tb (>= 1), c | d:any\ne\t\n')],
    [
      ['a', ['b', 'c', 'd']],
      ['e', []],
      ['', []],
    ],
  )
  fc.assert(fc.property(fc.string(), (text) => void [parseInstalled(text), parseSimulated(text), parseRecommendations(text)]))
})

test('what pretends to be dpkg-query or apt is read once, however long, and not kept', () => {
  assert.deepEqual(parseRemains('ii \tnginx\t1.0\nrc \told\t2\npc \tolder\t\n'), ['old', 'older'])
  const pieces = ['ac\n', 'ac ', 'Inst ', 'x\t', ', '].map((piece) => piece.repeat(1 << 20))
  for (const text of [...pieces, `ii \tbig\t${'9'.repeat(1 << 22)}\nInst ${'x'.repeat(1 << 22)} (1)\n`]) {
    assert.deepEqual(parseRemains(text), [])
    assert.equal(parseInstalled(text).size, 0)
    assert.deepEqual(
      parseSimulated(text).installs.filter((name) => name.length > 200),
      [],
    )
    assert.ok(parseRecommendations(text).size > 0)
  }
})

test('tar reads what is written', async () => {
  const runner = realProcessRunner()
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 1_500 }), { maxLength: 4 }), async (contents) => {
      const files: TarFile[] = contents.map((from, at) => ({ name: `d/${at}`, mode: 0o640, size: from.length, from }))
      const parts: Uint8Array[] = []
      for await (const part of tarOf(files)) parts.push(part)
      const input = Buffer.concat(parts)
      assert.equal(input.length % 512, 0)
      const listed = await runner.run(['tar', '--list', '--verbose', '--file', '-'], { input })
      assert.deepEqual(
        listed.stdout.split('\n').flatMap((line) => /^(\S+) \S+ +(\d+) .* (\S+)$/.exec(line)?.slice(1) ?? []),
        files.flatMap(({ name, size }) => ['-rw-r-----', `${size}`, name]),
      )
    }),
    { numRuns: 15 },
  )
})

const parameters: Readonly<Record<string, AppParameter>> = {
  port: { type: 'port', about: 'a port', default: 80 },
  'data-dir': { type: 'path', about: 'where', default: '/srv' },
  mode: { type: 'choice', about: 'how', choices: ['a', 'b'], default: 'a' },
  password: { type: 'secret', about: 'of root', generate: 24 },
}

test('values of parameters: given, kept, default; secrets are made and not kept', () => {
  const { values, kept, made } = chooseParameters(parameters, { port: '8080' }, { 'data-dir': '/var/x', gone: '1' })
  assert.deepEqual(kept, { port: '8080', 'data-dir': '/var/x', mode: 'a' })
  assert.match(values['password'] ?? '', /^[A-Za-z2-9]{24}$/)
  assert.deepEqual(made, { password: values['password'] })
  assert.deepEqual(parameterEnv({ 'data-dir': '/x' }), { INSULA_PARAM_DATA_DIR: '/x' })
  assert.deepEqual(chooseParameters(parameters, { password: 'my-own-one' }).made, {})
  assert.deepEqual(chooseParameters(parameters, {}, {}, { makeSecrets: false }).values, {
    port: '80',
    'data-dir': '/srv',
    mode: 'a',
  })
  for (const bad of [
    { port: '0' },
    { port: '65536' },
    { 'data-dir': '/a/../b' },
    { 'data-dir': 'a' },
    { mode: 'c' },
    { password: 'short' },
    { other: '1' },
  ])
    assert.throws(() => chooseParameters(parameters, bad), BadParameter, JSON.stringify(bad))
  assert.throws(() => chooseParameters({ needed: { type: 'text', about: 'x' } }, {}), /has no value/)
})

test('no value brings a line end into a script', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom<AppParameter['type']>('text', 'path', 'secret', 'number'), (value, type) => {
      try {
        assert.doesNotMatch(chooseParameters({ one: { type, about: '' } }, { one: value }).values['one'] ?? '', /[\n\0]/)
      } catch (error) {
        assert.ok(error instanceof BadParameter)
      }
    }),
  )
})
