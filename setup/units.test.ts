import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unitNames, unitsFor } from './units.ts'

const contents = (home: string, node: string): string =>
  unitsFor(home, node)
    .map((unit) => unit.contents)
    .join('\n')

test('every unit that starts is written, and nothing is left to fill in', () => {
  const units = unitsFor('/opt/insula', '/opt/insula/node')
  const names = units.map(({ file }) => file.replace('/etc/systemd/system/', ''))
  assert.deepEqual(
    names.toSorted(),
    unitNames('x')
      .map((name) => name.replace('@x', '@'))
      .toSorted(),
  )
  for (const unit of units) assert.doesNotMatch(unit.contents, /@[A-Z]+@/, unit.file)
})

test('a checkout with signs in its path that mean something to systemd', () => {
  const text = contents('/srv/100% "of" $it', '/srv/node')
  assert.match(text, /ExecStart="\/srv\/node".* "\/srv\/100%% \\"of\\" \$\$it\/packages\/node\/src\/insulad\.ts" --instance %i/)
})

test('VPSs outlive the keeper, and their consoles are kept for the next one', () => {
  const keeper =
    unitsFor('/opt/insula', '/opt/insula/node').find(({ file }) => file.endsWith('insula-keeper@.service'))?.contents ?? ''
  for (const line of ['KillMode=process', 'NotifyAccess=main', 'FileDescriptorStoreMax=16384', 'Restart=always']) {
    assert.ok(keeper.split('\n').includes(line), line)
  }
})
