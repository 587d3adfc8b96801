import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filterConformance } from './conformance.ts'
import { fakePacketFilter } from './fake.ts'

filterConformance('the fake', 'suite', () => fakePacketFilter())

test('refuses what it is told to, and counts no brace in a comment or a string', async () => {
  const filter = fakePacketFilter((body) => (body.includes('bad') ? 'line 1: bad' : null))
  await assert.rejects(filter.replaceTable('inet', 't', 'chain bad { }'), /refused its rules: line 1: bad$/)
  await filter.replaceTable('inet', 't', 'chain a { # }\n comment "{" }')
  assert.deepEqual([...filter.bodies.keys()], ['inet t'])
})
