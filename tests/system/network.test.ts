import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { realLinks, realPacketFilter, realProcessRunner } from '@insula/kernel'
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

test('what it claims by ARP gets into no table of the node', async () => {
  const name = await node.running('claims', ['--template', 'debian-12', '--ip', 'auto'])
  const { id } = await node.show(name)
  const entries = async (): Promise<string[]> => {
    const argv = ['ip', '-json', 'neighbour', 'show', 'nud', 'all'] as const
    const all = JSON.parse((await realProcessRunner().run(argv)).stdout) as { dst: string; dev: string }[]
    return all
      .filter(({ dst, dev }) => dst.startsWith('10.119.66.') || dev === `${node.instance.linkPrefix}.${id}`)
      .map(({ dst }) => dst)
  }
  const before = await entries()
  // Also with ARP switched on again at its own end. packet(7), if_ether.h, if_arp.h
  const claims = `
    my ($index, $mac) = map { open(my $f, "<", "/sys/class/net/eth0/$_") or die; <$f> =~ s/\\s//gr } "ifindex", "address";
    my ($own, $all) = (pack("H12", $mac =~ s/://gr), "\\xff" x 6);
    socket(my $s, 17, 3, 0x0608) or die;
    my $to = pack("S n l S C C a8", 17, 0x0806, $index, 1, 0, 6, $all);
    for my $n (1 .. 250) {
      for my $operation (1, 2) {
        my $sender = pack("C4", 10, 119, 66, $n);
        my $target = $operation == 1 ? pack("C4", split(/\\./, "${own}")) : $sender;
        my $arp = pack("n n C C n a6 a4 a6 a4", 1, 0x0800, 6, 4, $operation, $own, $sender, "\\0" x 6, $target);
        send($s, $all . $own . pack("n", 0x0806) . $arp, 0, $to) or die "$!";
        $sent++;
      }
    }
    print $sent`
  await node.ok('exec', name, '--', 'ip', 'link', 'set', 'eth0', 'arp', 'on')
  assert.equal(await node.inside(name, 'perl', '-e', claims), '500')
  await node.ok('exec', name, '--', 'ip', 'link', 'set', 'eth0', 'arp', 'off')
  assert.deepEqual(await entries(), before)
})

test('it may set its link up anew, in every way that is usual', async () => {
  const ways = {
    'debian-12': [
      'ip link set eth0 down; ip link set eth0 up; ip address replace ADDRESS/32 dev eth0; ip route add 169.254.0.1 dev eth0; ip route add default via 169.254.0.1',
      'ip neighbour flush all nud permanent; ip address flush dev eth0; ip address add ADDRESS/16 dev eth0; ip route add default dev eth0',
      'mkdir -p /etc/systemd/network; printf "[Match]\\nName=eth0\\n[Address]\\nAddress=ADDRESS/32\\n[Route]\\nGateway=169.254.0.1\\nGatewayOnLink=yes\\n" > /etc/systemd/network/eth0.network; ip link set eth0 down; ip link set eth0 up; systemctl restart systemd-networkd; /lib/systemd/systemd-networkd-wait-online --timeout=30',
    ],
    micro: ['ifconfig eth0 down; ifconfig eth0 ADDRESS netmask 255.255.255.255 up; route add default eth0'],
  }
  for (const [template, scripts] of Object.entries(ways)) {
    const name = await node.running(`anew-${template}`, ['--template', template, '--ip', 'auto'])
    const [address = ''] = (await node.show(name)).addresses
    for (const script of scripts) {
      const { code, stderr } = await node.insula(['exec', name, '--', 'sh', '-ec', script.replaceAll('ADDRESS', address)])
      assert.equal(code, 0, `${script}: ${stderr}`)
      const answer = await node.insula(['exec', name, '--', 'ping', '-c', '1', '-W', '2', own ?? ''])
      assert.equal(answer.code, 0, `${script}: ${answer.stdout}`)
    }
  }
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

test('what went over its link is in the metrics, and its memory, CPU time and disk space', async () => {
  const name = await node.running('counted')
  const { id } = await node.show(name)
  await node.inside(name, 'ping', '-c', '3', '-i', '0.2', '-s', '1000', own ?? '')
  const text = await node.ok('metrics')
  const value = (metric: string): number =>
    Number(new RegExp(`^insula_vps_${metric}\\{vps="${id}",name="${name}"\\} (\\S+)$`, 'm').exec(text)?.[1])
  for (const metric of ['network_receive_bytes_total', 'network_transmit_bytes_total'])
    assert.ok(value(metric) > 3_000 && value(metric) < 30_000, `${metric} ${value(metric)}`)
  for (const metric of ['memory_bytes', 'cpu_seconds_total', 'pids', 'disk_bytes', 'inodes'])
    assert.ok(value(metric) > 0, `${metric} in\n${text}`)
})

test('without an address there is no link, and nothing to reach', async () => {
  const name = await node.running('alone', ['--template', 'micro'])
  assert.doesNotMatch(await node.inside(name, 'ls', '/sys/class/net'), /eth0/)
  await node.ok('set', name, '--ip', 'auto')
  assert.match(await node.inside(name, 'ls', '/sys/class/net'), /eth0/)
  assert.equal((await node.insula(['exec', name, '--', 'ping', '-c', '1', '-W', '2', own ?? ''])).code, 0)
})
