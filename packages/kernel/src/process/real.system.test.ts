import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realProcessRunner } from './real.ts'

test('runs as another user', async () => {
  const ids = { uid: 65_500, gid: 65_501 }
  assert.equal((await realProcessRunner().run(['id', '-u'], ids)).stdout.trim(), '65500')
  assert.equal((await realProcessRunner().run(['id', '-g'], ids)).stdout.trim(), '65501')
})
