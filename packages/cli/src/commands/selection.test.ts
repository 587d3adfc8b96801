import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { withNode } from '../fake/with-node.ts'

const fake = withNode()
const { insula, lastRequest } = fake
beforeEach(() => fake.reset())

test('labels and plans are set, and choose', async () => {
  await insula('create', 'shop', '-t', 'micro', '--label', 'role=web', '--label', 'owner=a+b@x', '--plan', 'gold')
  assert.deepEqual(lastRequest()?.name, 'vpsShow')
  const made = fake.node.state.find('shop')
  assert.deepEqual([made?.labels, made?.plan], [{ role: 'web', owner: 'a+b@x' }, 'gold'])
  await insula('set', 'shop', '--label', 'role=db', '--unlabel', 'owner', '--plan', 'none')
  assert.deepEqual(lastRequest()?.body, { labels: { owner: null, role: 'db' }, plan: null })
  assert.equal((await insula('list', '-q', '--label', 'role')).out, 'shop\n')
  assert.match((await insula('show', 'shop')).out, /^labels +role=db$/m)
  assert.equal((await insula('set', '--with-label', 'role=db', '--plan', 'gold')).out, 'changed shop\n')
  assert.equal((await insula('start', '--label', 'role=db', '--plan', 'gold')).out, 'started shop\n')
  assert.equal((await insula('stop', '--plan', 'gold')).out, 'stopped shop\n')
  const none = await insula('stop', '--label', 'role=mail')
  assert.deepEqual([none.code, none.out, none.err], [0, '', 'no VPS is like that\n'])
  await insula('app', 'add', '--label', 'role=db', '--label', 'paid', '--template', 'micro', 'nginx')
  const { body } = fake.node.state.requests.find(({ name }) => name === 'appAdd') ?? {}
  assert.deepEqual(body?.['select'], { template: 'micro', labels: ['role=db', 'paid'] })
  await insula('vzfs', 'relink', '--plan', 'gold')
  assert.deepEqual(lastRequest()?.body, { plan: 'gold' })
  for (const [args, said] of [
    [['stop', 'web', '--label', 'role'], /takes either names, or --all, or what VPSs have/],
    [['stop', '--all', '--plan', 'gold'], /takes either names, or --all, or what VPSs have/],
    [['set', '--label', 'role=db', '--cpu-units', '9'], /--template, --app, --with-plan or --with-label\n/],
    [['stop'], /--template, --app, --plan or --label\n/],
    [['set', 'web', '--label', 'role'], /--label takes a label such as role=web/],
    [['set', 'web', '--label', 'role=a,b'], /--label takes a label whose value is 1 to 63/],
    [['list', '--label', 'Role=a'], /--label takes a label such as role=web, or its key alone, not 'Role=a'/],
    [['set', 'web', '--plan', 'Gold'], /--plan takes 1 to 32 lower-case/],
  ] as const) {
    const { code, err } = await insula(...args)
    assert.deepEqual([code, said.test(err)], [2, true], err)
  }
})

test('who uses a template is told by name, what does not differ in a sentence', async () => {
  const [template] = fake.node.state.templates
  assert.ok(template)
  template.usedBy.push(101, 7)
  assert.match((await insula('template', 'show', 'debian-12')).out, /^used by +web, 7$/m)
  assert.match((await insula('template', 'list', '-o', 'ref,users')).out, /^debian-12@\S+ +web,7$/m)
  assert.deepEqual(JSON.parse((await insula('template', 'show', 'debian-12', '--json')).out).usedBy, [101, 7])
  template.usedBy.length = 0
  assert.equal((await insula('template', 'diff', 'micro', 'micro')).out, 'both are micro@2026-01-01.1\n')
  for (const vps of fake.node.state.vps.values()) vps.updatedTo = 'debian-12@2026-02-01.1'
  assert.deepEqual(await insula('update', 'status'), { code: 0, out: '', err: 'no updates wait\n' })
})
