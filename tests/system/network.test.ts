import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { realLinks, realPacketFilter } from '@insula/kernel'
import { testNode } from './support/node.ts'

const node = await testNode(['micro', 'debian-12'])
const links = realLinks()
const filter = async (): Promise<string> => JSON.stringify(await realPacketFilter().table('inet', node.instance.filterTable))
const own = Object.values(networkInterfaces())
  .flat()
  .find((entry) => entry?.family === 'IPv4' && !entry.internal)?.address

test('several addresses, the first one is the source; the node and other VPSs reach each', async () => {
  const name = await node.running('several', ['--template', 'debian-12', '--ip', 'auto', '--ip', '10.119.77.7'])
  const other = await node.running('other')
  const { addresses } = await node.show(name)
  assert.equal(addresses.length, 2)
  assert.ok(addresses.includes('10.119.77.7'))
  for (const address of addresses)
    assert.equal((await node.insula(['exec', other, '--', 'ping', '-c', '1', '-W', '2', address])).code, 0, address)
  assert.match(
    await node.inside(name, 'ip', 'route', 'get', '192.0.2.99'),
    new RegExp(`src ${addresses.find((address) => address === '10.119.77.7') ?? ''}`),
  )
})

test("the link follows the uplink's MTU, and names, DNS and hosts are set", async () => {
  const name = await node.running('named', [
    '--template',
    'debian-12',
    '--ip',
    'auto',
    '--hostname',
    'web.example',
    '--dns',
    '192.0.2.53',
  ])
  const uplink = await links.uplink()
  assert.equal(await node.inside(name, 'cat', '/sys/class/net/eth0/mtu'), `${uplink?.mtu}`)
  assert.equal(await node.inside(name, 'cat', '/etc/resolv.conf'), 'nameserver 192.0.2.53')
  assert.equal(await node.inside(name, 'hostname', '-f'), 'web.example')
  await node.ok('set', name, '--dns', '192.0.2.54')
  assert.equal(await node.inside(name, 'cat', '/etc/resolv.conf'), 'nameserver 192.0.2.54')
})

test('addresses change while it runs, on every side', async () => {
  const name = await node.running('moving')
  const other = await node.running('still')
  const [before] = (await node.show(name)).addresses
  await node.ok('set', name, '--ip', '10.119.88.8')
  assert.deepEqual((await node.show(name)).addresses, ['10.119.88.8'])
  assert.equal((await node.insula(['exec', other, '--', 'ping', '-c', '1', '-W', '2', '10.119.88.8'])).code, 0)
  assert.notEqual((await node.insula(['exec', other, '--', 'ping', '-c', '1', '-W', '1', before ?? ''])).code, 0)
  const text = await filter()
  assert.ok(text.includes('10.119.88.8') && !text.includes(`"${before}"`))
  const again = await node.running('again', ['--template', 'micro', '--ip', before ?? ''])
  assert.deepEqual((await node.show(again)).addresses, [before])
})

test('NAT is a switch: with it the node answers for the VPS outside, without it the VPS shows its own address', async () => {
  const name = await node.running('nat')
  const [address] = (await node.show(name)).addresses
  const translated = async (): Promise<boolean> => {
    const { nftables } = (await realPacketFilter().table('inet', node.instance.filterTable)) as {
      nftables: { set?: { name: string; elem?: string[] } }[]
    }
    return nftables.some(({ set }) => set?.name === 'translated' && set.elem?.includes(address ?? ''))
  }
  assert.equal(await translated(), true)
  await node.ok('set', name, '--no-nat')
  assert.equal(await translated(), false)
  await node.ok('set', name, '--nat')
  assert.equal(await translated(), true)
  assert.ok(own !== undefined)
})

test('inside, root has its own iptables, routes and sysctls', async () => {
  const name = await node.running('rules', ['--template', 'debian-12', '--ip', 'auto'])
  const script = `set -e
    command -v iptables >/dev/null || { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends iptables >/dev/null; }
    iptables -A INPUT -p tcp --dport 81 -j DROP
    iptables -t nat -A PREROUTING -p tcp --dport 82 -j REDIRECT --to-ports 80
    iptables -S INPUT | grep -q 'dport 81 -j DROP'
    ip route add 203.0.113.0/24 via 169.254.0.1 dev eth0 mtu 1300
    ip route show 203.0.113.0/24 | grep -q 'mtu 1300'
    echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter
    echo done`
  const { code, stdout, stderr } = await node.insula(['exec', name, '--', 'sh', '-c', script], { deadline: 300_000 })
  assert.equal(code, 0, stderr)
  assert.match(stdout, /done/)
})

test('without an address there is no link, and nothing to reach', async () => {
  const name = await node.running('alone', ['--template', 'micro'])
  assert.doesNotMatch(await node.inside(name, 'ls', '/sys/class/net'), /eth0/)
  await node.ok('set', name, '--ip', 'auto')
  assert.match(await node.inside(name, 'ls', '/sys/class/net'), /eth0/)
  assert.equal((await node.insula(['exec', name, '--', 'ping', '-c', '1', '-W', '2', own ?? ''])).code, 0)
})
