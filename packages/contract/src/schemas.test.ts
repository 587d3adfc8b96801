import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExecOpen, TemplateBuild, VPS_STATES, VpsChange, VpsCreate, endpoints, openApiDocument, routes } from './index.ts'

const created = { name: 'web', template: 'debian-12' }
const refused = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown) => !schema.safeParse(value).success

test('create: the smallest, and the largest', () => {
  assert.deepEqual(VpsCreate.parse(created), created)
  const whole = {
    name: 'web',
    template: 'debian-12@2026-11-23.1',
    id: 5,
    hostname: 'web.example.org',
    addresses: ['auto', '10.0.0.7'],
    dns: ['10.0.0.1', 'fe80::1'],
    nat: true,
    limits: {
      memory: null,
      swap: 0,
      cpuUnits: 1000,
      cpuLimit: 150.5,
      cpus: 2,
      pids: 100,
      disk: 2 ** 30,
      diskSoft: null,
      inodes: 1000,
      inodesSoft: 900,
    },
    onboot: true,
    bootOrder: 1,
    start: true,
  }
  assert.deepEqual(VpsCreate.parse(whole), whole)
})

test('create: what is refused', () => {
  const wrong: unknown[] = [
    {},
    null,
    { ...created, colour: 'red' },
    { ...created, name: '101' },
    { ...created, name: 'a'.repeat(33) },
    { ...created, template: '../etc' },
    { ...created, template: 'debian-12@' },
    { ...created, addresses: ['10.0.0.256'] },
    { ...created, addresses: ['10.0.0.1/24'] },
    { ...created, addresses: 'auto' },
    { ...created, dns: ['dns.example.org'] },
    { ...created, hostname: '-' },
    { ...created, limits: { memory: -1 } },
    { ...created, limits: { memory: 1.5 } },
    { ...created, limits: { memory: '1G' } },
    { ...created, limits: { memroy: 1_000_000_000 } },
    { ...created, limits: { memory: 2 ** 60 } },
    { ...created, limits: { cpuUnits: 0 } },
    { ...created, limits: { pids: 0 } },
    { ...created, id: 0 },
    { ...created, start: 'yes' },
  ]
  for (const value of wrong) assert.ok(refused(VpsCreate, value), JSON.stringify(value))
})

test('change: nothing is required, nothing unknown is taken', () => {
  assert.deepEqual(VpsChange.parse({}), {})
  assert.deepEqual(VpsChange.parse({ limits: { pids: null } }), { limits: { pids: null } })
  for (const value of [{ name: 'x' }, { template: 'y' }, { start: true }, { limits: { pids: '5' } }])
    assert.ok(refused(VpsChange, value))
})

test('other requests', () => {
  assert.ok(refused(TemplateBuild, { name: 'debian-12', mirror: 'file:///etc' }))
  assert.ok(refused(TemplateBuild, { name: 'Debian 12' }))
  assert.ok(refused(ExecOpen, { argv: [] }))
  assert.ok(refused(ExecOpen, { argv: ['a'], env: { 'A=B': 'c' } }))
  assert.ok(refused(ExecOpen, { argv: ['a'], tty: { cols: 0, rows: 1, term: 'x' } }))
  assert.deepEqual(routes.vpsDestroy.query.parse({ force: 'true', wait: '3' }), { force: true, wait: 3 })
  for (const query of [{ force: 'maybe' }, { wait: '601' }, { wait: 'x' }, { else: '1' }])
    assert.ok(refused(routes.vpsDestroy.query, query))
})

test('every path parameter has its schema, every route its own method and path', () => {
  const seen = new Set<string>()
  for (const [name, route] of Object.entries(routes)) {
    const named = [...route.path.matchAll(/:([a-z]+)/g)].map(([, parameter]) => parameter)
    assert.deepEqual('params' in route ? Object.keys(route.params.shape) : [], named, name)
    assert.ok(!seen.has(`${route.method} ${route.path}`), name)
    seen.add(`${route.method} ${route.path}`)
  }
  assert.deepEqual(Object.keys(routes).toSorted(), Object.keys(endpoints).toSorted())
})

test('the OpenAPI document refers to nothing that is not there', () => {
  const document = openApiDocument()
  const text = JSON.stringify(document)
  const { schemas } = document['components'] as { schemas: Record<string, object> }
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([A-Za-z]+)"/g)) {
    assert.ok(Object.hasOwn(schemas, name ?? '') && !('$ref' in (schemas[name ?? ''] ?? {})), name)
  }
  assert.doesNotMatch(text, /\$defs/)
  assert.ok(VPS_STATES.every((state) => text.includes(`"${state}"`)))
})
