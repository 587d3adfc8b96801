import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startAttached } from './attached.ts'
import { immediate, tinyProgram } from './tiny-program.ts'

const NOTHING = ['null', 'null', 'null'] as const

test('a program of two instructions runs, as often as it is started', async () => {
  // exit(7)
  const program = tinyProgram('seven', [`bf${immediate(7)}`, `b8${immediate(60)}`, '0f05'])
  for (let twice = 0; twice < 2; twice++) {
    assert.deepEqual(await startAttached([program], { descriptors: NOTHING }).ended, { code: 7, signal: null })
  }
})

test('it finds its arguments on the stack', async () => {
  // mov edi, [rsp]: argc; exit
  const program = tinyProgram('count', ['8b3c24', `b8${immediate(60)}`, '0f05'])
  assert.deepEqual(await startAttached([program, 'a', 'b'], { descriptors: NOTHING }).ended, { code: 3, signal: null })
})

test('numbers lie in the code as the processor reads them', () => assert.equal(immediate(0x1000_0002), '02000010'))
