import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isStaticProgram } from './elf.ts'

function program(...segments: readonly number[]): Buffer {
  const bytes = Buffer.alloc(64 + segments.length * 56)
  bytes.write('\x7fELF\x02\x01\x01', 'latin1')
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(segments.length, 56)
  for (const [index, type] of segments.entries()) bytes.writeUInt32LE(type, 64 + index * 56)
  return bytes
}

test('a program without an interpreter is static', () => {
  assert.equal(isStaticProgram(program(1, 1, 4)), true)
  assert.equal(isStaticProgram(program(6, 3, 1)), false)
  assert.equal(isStaticProgram(readFileSync('/bin/ls')), false)
})

test('anything else is no static program, and no bytes break the question', () => {
  assert.equal(isStaticProgram(Buffer.from('#!/bin/sh\n')), false)
  assert.equal(isStaticProgram(program()), false)
  assert.equal(isStaticProgram(program(1, 1).subarray(0, 70)), false)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
      isStaticProgram(Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), tail]))
    }),
  )
})
