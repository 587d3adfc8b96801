/**
 * An app that does not fit on the disk of a VPS: by the VPS's own limit where the kernel enforces one, else because its volume is small. No mirror is asked, so
 * the lab can do it too.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { after, test } from 'node:test'
import { listing } from './support/listing.ts'
import { BOOTED, hasQuota, testNode } from './support/node.ts'
import { ownApp } from './support/own-app.ts'
import { OWN_DEBIAN, ownDebian } from './support/own-debian.ts'

const node = await testNode([])
const thing = await ownApp(node, 'thing', OWN_DEBIAN)
await thing.publish('1.0')
await ownDebian(node, thing.archive)
const first = await build()
await thing.publish('4.0', { files: { 'usr/share/thing/much': '\0'.repeat(100 << 20) } })
await build()
const small = (await hasQuota(node)) ? ['--disk', '250M'] : ['--volume', await smallVolume()]

async function build(): Promise<string> {
  const { code, stdout, stderr } = await node.insula(['template', 'build', 'thing', '-q'], { deadline: 300_000 })
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

async function smallVolume(): Promise<string> {
  const directory = mkdtempSync('/var/tmp/insula-small-')
  await node.ok('vzfs', 'volume', 'add', 'small', directory, '--size', '500M')
  after(async () => {
    await node.insula(['destroy', '-y', '--force', 'own-full'])
    await node.insula(['vzfs', 'volume', 'remove', 'small'])
    rmSync(directory, { recursive: true, force: true })
  })
  return 'small'
}

const FULL = /No space left on device.*its disk is full: free some space/s
const appOf = async (vps: string) => ((await node.show(vps))['apps'] as { ref: string; state: string }[])[0]
const version = (vps: string) => node.inside(vps, 'thing')
const packages = (vps: string) => node.inside(vps, 'dpkg-query', '-W')

async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await node.insula(['app', ...args])
  assert.notEqual(code, 0, stdout)
  return stderr
}

async function sound(vps: string): Promise<void> {
  const look = 'dpkg --verify; dpkg --audit; apt-get check -qq; ls -d /var/lib/insula-app 2>/dev/null; true'
  assert.equal(await node.inside(vps, 'sh', '-c', look), '')
}

test('an app that does not fit on the disk leaves no trace of itself, and is finished once there is room', async () => {
  const vps = await node.running('own-full', ['--template', OWN_DEBIAN, ...small])
  const fill = (megabytes: number) => node.inside(vps, 'sh', '-c', FILL, 'sh', `${megabytes}`)
  await fill(60)
  const before = [await packages(vps), ...(await listing(node, vps))]
  assert.match(await refused('add', vps, 'thing'), FULL)
  assert.deepEqual([await packages(vps), ...(await listing(node, vps))], before)
  assert.deepEqual((await node.show(vps))['apps'], [])
  await sound(vps)
  await node.ok('app', 'add', vps, first)
  assert.match(await refused('upgrade', vps, 'thing'), FULL)
  assert.deepEqual([await version(vps), (await appOf(vps))?.state], ['1.0', 'upgrading'])
  await fill(0)
  assert.match(await refused('upgrade', vps, 'thing'), /No space left on device/)
  await node.inside(vps, 'rm', '/root/filler')
  await node.ok('app', 'upgrade', vps, 'thing')
  assert.deepEqual([await version(vps), (await appOf(vps))?.state], ['4.0', 'ready'])
  await sound(vps)
  // Stopped, and with files of its own in the way of a shared layer.
  await node.ok('app', 'remove', vps, 'thing', '--purge')
  await fill(60)
  await node.ok('stop', vps)
  assert.match(await refused('add', vps, 'thing'), FULL)
  await node.ok('start', vps, ...BOOTED)
  await sound(vps)
  assert.deepEqual((await node.show(vps))['apps'], [])
})

/** So many megabytes stay free; with none of them, not a byte does. */
const FILL = `rm -f /root/filler; sync; free=$(df -m --output=avail / | tail -n 1)
if [ "$1" = 0 ]; then head -c 2G /dev/zero > /root/filler 2> /dev/null; true; else head -c "$((free - $1))M" /dev/zero > /root/filler; fi`
