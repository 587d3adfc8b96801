/**
 * `npm run bench:quota`: what an answer to quotactl from inside a VPS takes beside the kernel's own, and how soon a changed disk limit holds. Needs
 * root and a kernel with quota: on a machine without, `npm run lab -- node bench/quota.ts` (emulated: look at the ratios). What a change of a limit takes
 * without the kernel's part of it can be measured everywhere.
 */

import { realQuota } from '@insula/kernel'
import { packTools } from '../tests/system/support/host-tools.ts'
import { type Series, seriesOf, timed } from './figures.ts'
import { benchNode, ROOT, runner } from './node.ts'

const quick = process.argv.includes('--quick')
const CALLS = quick ? 200 : 2_000
const CHANGES = quick ? 20 : 200
const GETQUOTA = 0x800007
const GIB = 1024 ** 3

/** Milliseconds of each call, as the program itself sees them. */
const calls = (device: string, pause: number, id: number): string => `
  my ($clock, @took) = ("\\0" x 16);
  sub now { syscall(228, 1, $clock); my ($s, $n) = unpack "qq", $clock; $s * 1e3 + $n / 1e6 }
  my ($d, $s) = ("${device}\\0", "\\0" x 72);
  for (1 .. ${CALLS}) {
    my $since = now; syscall(179, ${GETQUOTA} << 8, $d, ${id}, $s) == 0 or die $!; push @took, now() - $since;
    select undef, undef, undef, ${pause} if ${pause}
  }
  print join " ", @took`
const FLOOD = `my ($d, $s) = ("/dev/root\\0", "\\0" x 72); fork; my $end = time + 30; syscall(179, ${GETQUOTA} << 8, $d, 1000, $s) while time < $end`

await using node = await benchNode()
using quota = realQuota(node.instance.volume)
await node.insula('template', 'build', 'micro')
for (const name of ['example', 'neighbour'])
  await node.ask('POST', '/v1/vps?wait=60', { name, template: 'micro', addresses: ['auto'], quotaUgid: 50, start: true })
if (quota.kinds.has('user')) await measureCalls()
else console.error('this kernel, or this volume, has no quota: for all figures use the lab: npm run lab -- node bench/quota.ts')
await measureChanges()

async function measureCalls(): Promise<void> {
  const input = await packTools(['perl'])
  for (const name of ['example', 'neighbour']) {
    const argv = [`${ROOT}bin/insula`, 'exec', name, '--', 'tar', '-C', '/', '-xf', '-'] as const
    await runner.run(argv, { env: { INSULA_INSTANCE: node.instance.name, HOME: '/root' }, input, deadline: 120_000 })
    await node.insula('quota', 'set', name, '--user', '1000', '--disk', '1G')
  }
  const inside = async (pause: number): Promise<Series> =>
    numbers(await node.insula('exec', 'example', '--', 'perl', '-e', calls('/dev/root', pause, 1000)))
  const device = (await runner.run(['findmnt', '-no', 'SOURCE', node.instance.volume])).stdout.trim()

  // Root has files there, so it has an account.
  const kernel = numbers((await runner.run(['perl', '-e', calls(device, 0, 0)], { deadline: 120_000 })).stdout)
  const proxied = await inside(0)
  const now = await inside(0.001)
  const flood = node.insula('exec', 'neighbour', '--', 'perl', '-e', FLOOD)
  const beside = await inside(0.001)
  await flood
  console.log(`- quotactl from inside, one after the other: ${micro(proxied)} (p50 / p99); by root of the node: ${micro(kernel)}`)
  console.log(`- now and then: ${micro(now)}; beside a neighbour that calls without end: ${micro(beside)}`)
}

async function measureChanges(): Promise<void> {
  const changes: number[] = []
  const requests: number[] = []
  const floor: number[] = []
  for (let change = 0; change < CHANGES; change++) {
    const disk = (change % 2 ? 5 : 6) * GIB
    changes.push(await timed(() => node.ask('PATCH', '/v1/vps/example?wait=60', { limits: { disk } })))
    requests.push(await timed(() => node.ask('GET', '/v1/vps/example')))
    if (!quota.kinds.has('project')) continue
    const since = performance.now()
    quota.setLimits('project', 4_000_000, { bytesHard: disk, bytesSoft: null, inodesHard: null, inodesSoft: null })
    floor.push(performance.now() - since)
  }
  const [ours, nothing] = [changes, requests].map((values) => {
    const { p50, p99 } = seriesOf(values)
    return `${p50.toFixed(1)} / ${p99.toFixed(1)} ms`
  })
  console.log(`- a disk limit changed while the VPS runs: ${ours} (p50 / p99); a request that changes nothing: ${nothing}`)
  if (floor.length > 0) console.log(`- the kernel's part of it: ${micro(seriesOf(floor))}`)
}

function numbers(text: string): Series {
  return seriesOf(text.split(' ').map(Number))
}

function micro({ p50, p99 }: Series): string {
  return `${(p50 * 1_000).toFixed(0)} / ${(p99 * 1_000).toFixed(0)} us`
}
