/**
 * `npm run bench:listener [-- --quick]`: what insula-listener costs those that never need it, and how long those wait that do. Needs root and a machine
 * with nothing else to do.
 */

import { type Bare, bareCrun } from './bare.ts'
import { seriesOf } from './figures.ts'
import { benchNode } from './node.ts'

const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 5 : 20
const HEAVY = quick ? 1_000_000 : 20_000_000
const CALLS = quick ? 1_000 : 10_000
/** What programs do all day: small system calls, one after the other. */
const heavy = [
  'perl',
  '-e',
  `getppid for 1 .. ${HEAVY}; my ($user, $system) = times; open F, '>/root/took'; print F 1000 * ($user + $system)`,
] as const

/** Microseconds of each call at p50 and p99, as a program inside sees them that stays below its rate. */
const latency = (body: string): string => `
  my ($clock, $info, @took) = ("\\0" x 16, "\\0" x 112);
  sub now { syscall(228, 1, $clock); my ($s, $n) = unpack "qq", $clock; $s * 1e6 + $n / 1e3 }
  for (1 .. ${CALLS}) { my $since = now; ${body}; push @took, now() - $since; select undef, undef, undef, 0.001 }
  @took = sort { $a <=> $b } @took;
  printf "%.0f / %.0f us", $took[@took * 0.5], $took[@took * 0.99];
`
const SYSINFO = 'syscall(99, $info)'
const MKNOD = 'my $path = "/root/node"; syscall(133, $path, 0020666, 0x103); unlink "/root/node"'
const FLOOD = 'my $b = "\\0" x 112; fork; my $end = time + 30; syscall(99, $b) while time < $end'

await using node = await benchNode()
await node.insula('template', 'build', 'debian-12')
for (const name of ['example', 'neighbour']) {
  await node.ask('POST', '/v1/vps?wait=60', { name, template: 'debian-12', addresses: ['auto'], start: true })
}
const { vps: example } = (await node.ask('GET', '/v1/vps/example')) as { vps: { id: number } }
const { templates } = (await node.ask('GET', '/v1/templates')) as { templates: { name: string; ref: string }[] }
await using bare = bareCrun(node, `${node.instance.bundles}/${example.id}`)
const template = templates.findLast(({ name }) => name === 'debian-12')?.ref ?? ''
const [ANSWERED, ALONE] = ['answered', 'alone'] as const
for (const id of [ANSWERED, ALONE]) {
  await bare.prepare(id, template, { answered: id === ANSWERED })
  await bare.create(id)
  await bare.start(id)
}

const { ours, theirs } = await inTurn(bare)
const cost = (100 * (ours.p50 / theirs.p50 - 1)).toFixed(1)
console.log(
  `- ${HEAVY} small system calls: ${ours.p50} ms of CPU time with the listener's filter, ${theirs.p50} ms without: ${cost} %`,
)
const inside = (script: string): Promise<string> => node.insula('exec', 'example', '--', 'perl', '-e', script)
console.log(`- sysinfo, answered: ${await inside(latency(SYSINFO))} (p50 / p99)`)
console.log(`- mknod of null and unlink: ${await inside(latency(MKNOD))}`)
const flood = node.insula('exec', 'neighbour', '--', 'perl', '-e', FLOOD)
console.log(`- sysinfo beside a neighbour that calls without end: ${await inside(latency(SYSINFO))}`)
await flood

/** The same root, the same runtime, the same refusals: only the calls that are answered differ. CPU time, which neighbours hardly change. */
async function inTurn(floor: Bare) {
  const took = { [ANSWERED]: [] as number[], [ALONE]: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const id of round % 2 ? ([ANSWERED, ALONE] as const) : ([ALONE, ANSWERED] as const)) {
      await floor.exec(id, ...heavy)
      took[id].push(Number(floor.read(id, 'root/took')))
    }
  }
  return { ours: seriesOf(took[ANSWERED]), theirs: seriesOf(took[ALONE]) }
}
