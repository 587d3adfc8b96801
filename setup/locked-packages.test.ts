import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differingPackages, type Locked } from './locked-packages.ts'

const lock = (packages: Record<string, Locked>): { packages: Record<string, Locked> } => ({ packages })
const zod: Locked = { version: '4.0.0', integrity: 'sha512-a' }
const all = { omitDev: false }

test('another version, other contents and what is missing differ', () => {
  const wanted = lock({ '': {}, 'packages/cli': {}, 'node_modules/zod': zod })
  assert.deepEqual(differingPackages(wanted, lock({ 'node_modules/zod': zod }), all), [])
  for (const found of [
    { ...zod, version: '4.0.1' },
    { ...zod, integrity: 'sha512-b' },
  ]) {
    assert.deepEqual(differingPackages(wanted, lock({ 'node_modules/zod': found }), all), ['node_modules/zod'])
  }
  assert.deepEqual(differingPackages(wanted, lock({}), all), ['node_modules/zod'])
})

test('links to our own packages, and what is only for other machines, may be missing', () => {
  const wanted = lock({ 'node_modules/@insula/cli': { link: true }, 'node_modules/x-arm64': { ...zod, optional: true } })
  assert.deepEqual(differingPackages(wanted, lock({}), all), [])
  const older = lock({ 'node_modules/x-arm64': { ...zod, version: '3.0.0' } })
  assert.deepEqual(differingPackages(wanted, older, all), ['node_modules/x-arm64'])
})

test('what only tests need counts only for them', () => {
  const wanted = lock({ 'node_modules/zod': zod, 'node_modules/oxlint': { ...zod, dev: true } })
  const installed = lock({ 'node_modules/zod': zod })
  assert.deepEqual(differingPackages(wanted, installed, all), ['node_modules/oxlint'])
  assert.deepEqual(differingPackages(wanted, installed, { omitDev: true }), [])
})

test('more than is wanted does no harm', () => {
  assert.deepEqual(differingPackages(lock({}), lock({ 'node_modules/zod': zod }), all), [])
})
