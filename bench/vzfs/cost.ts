/**
 * What file operations cost inside a VPS, beside the same program on the same files in a plain directory of the same file system, in turn: by the
 * clock, and by the processor time of the program, which tells more on a machine that has other things to do.
 */

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { seriesOf } from '../figures.ts'
import { ROOT, runner } from '../node.ts'
import { madeTree } from './made-tree.ts'
import type { Place, Places } from './places.ts'

interface Reading {
  readonly what: string
  /** Nanoseconds in the unit that it is shown in: milliseconds unless its name says so. */
  readonly scale: number
}

const [MICROSECONDS, MILLISECONDS] = [1e3, 1e6]
const PROBED: Readonly<Record<string, Reading>> = {
  stat: { what: 'stat of a shared file, µs', scale: MICROSECONDS },
  open: { what: 'open and close of a shared file, µs', scale: MICROSECONDS },
  'read-small': { what: 'open, read 4 KiB, close, shared, µs', scale: MICROSECONDS },
  'read-all': { what: 'read of 1,000 shared files', scale: MILLISECONDS },
  'read-large': { what: 'read of the largest shared file, 20 times', scale: MILLISECONDS },
  create: { what: 'create, write 4 KiB, unlink, private, µs', scale: MICROSECONDS },
  'write-large': { what: 'write of 64 MiB, private, new', scale: MILLISECONDS },
  overwrite: { what: 'write of 64 MiB, private, again', scale: MILLISECONDS },
  'read-private': { what: 'read of 64 MiB, private', scale: MILLISECONDS },
  exec: { what: 'fork, exec of `true` and its end', scale: MILLISECONDS },
  walk: { what: 'find with stat of all in /usr, /etc, /var/lib', scale: MILLISECONDS },
  'find-names': { what: 'find of all names there', scale: MILLISECONDS },
  untar: { what: 'untar of 20,000 small files', scale: MILLISECONDS },
  grep: { what: 'grep through them', scale: MILLISECONDS },
  remove: { what: 'rm -r of them', scale: MILLISECONDS },
}

export async function costs({ vps, plain, copy, scratch }: Places, rounds: number, say: (text: string) => void): Promise<string> {
  const archive = join(scratch, 'tree.tar')
  await madeTree(scratch, archive)
  copyFileSync(archive, join(copy, 'tree.tar'))
  await runner.run(['sh', '-c', `${ROOT}bin/insula exec ${vps.name} -- sh -c 'cat >/tree.tar' <${archive}`], {
    env: { INSULA_INSTANCE: 'bench-vzfs', HOME: '/root' },
    deadline: 600_000,
  })
  const files = (await vps.run(['sh', '-c', "find /usr -xdev -type f -links 1 -size +8k | sort | awk 'NR % 2' | head -n 1000"]))
    .trim()
    .split('\n')
  const taken = new Map<string, Record<'vps' | 'plain', Took[]>>()
  for (let round = 0; round < rounds; round++) {
    // The one that is first finds the disk quiet, so they take turns at that too.
    for (const which of round % 2 ? (['plain', 'vps'] as const) : (['vps', 'plain'] as const)) {
      say(`round ${round + 1} of ${rounds}, ${which}`)
      const place = which === 'vps' ? vps : plain
      for (const [name, took] of [...(await probe(place, files)), ...(await fio(place, files))]) {
        const both = taken.get(name) ?? { vps: [], plain: [] }
        both[which].push(took)
        taken.set(name, both)
      }
    }
  }
  const lines = [...taken].map(([name, { vps: ours, plain: theirs }]) => {
    const { what, scale } = PROBED[name] ?? { what: name, scale: MICROSECONDS }
    const [[clock, plainClock], [processor, plainProcessor]] = (['clock', 'processor'] as const).map((by) =>
      [ours, theirs].map((all) => seriesOf(all.map((took) => took[by] / scale)).p50),
    ) as [[number, number], [number, number]]
    const cells = [what, clock.toFixed(1), plainClock.toFixed(1), (clock / plainClock).toFixed(2)]
    return `| ${[...cells, (processor / plainProcessor).toFixed(2)].join(' | ')} |`
  })
  return [
    '| what | in a VPS, ms | plain files, ms | ratio | ratio of processor time |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}

/** Nanoseconds. */
interface Took {
  readonly clock: number
  readonly processor: number
}

async function probe(place: Place, files: readonly string[]): Promise<[string, Took][]> {
  const text = await place.run(['perl', '/probe.pl', '/bench', '5', '/tree.tar', ...files])
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name = '', clock, processor]) => [name, { clock: Number(clock), processor: Number(processor) }])
}

/** For each block, of private files and of the largest shared one. fio(1), --minimal: fields 8 and 49 are IOPS, 88 and 89 processor time in percent. */
async function fio(place: Place, files: readonly string[]): Promise<[string, Took][]> {
  const largest = (await place.run(['sh', '-c', 'ls -S "$@" | head -n 1', '-', ...files])).trim()
  const jobs: readonly (readonly [what: string, write: boolean, ...options: string[]])[] = [
    ['fio, sequential write, private, µs', true, '--rw=write', '--bs=64k', '--filename=/bench/fio', '--size=128m'],
    [
      'fio, random write, private, µs',
      true,
      '--rw=randwrite',
      '--bs=4k',
      '--filename=/bench/fio',
      '--size=128m',
      '--io_size=64m',
    ],
    ['fio, sequential read, private, µs', false, '--rw=read', '--bs=64k', '--filename=/bench/fio', '--size=128m', '--loops=8'],
    ['fio, random read, private, µs', false, '--rw=randread', '--bs=4k', '--filename=/bench/fio', '--size=128m', '--loops=2'],
    ['fio, sequential read, shared, µs', false, '--rw=read', '--bs=64k', `--filename=${largest}`, '--readonly', '--loops=100'],
    ['fio, random read, shared, µs', false, '--rw=randread', '--bs=4k', `--filename=${largest}`, '--readonly', '--loops=50'],
  ]
  const found: [string, Took][] = []
  for (const [what, write, ...options] of jobs) {
    const report = await place.run([
      'fio',
      '--name=job',
      '--minimal',
      '--ioengine=psync',
      '--invalidate=0',
      '--fallocate=none',
      ...options,
    ])
    const fields = report.split(';')
    const clock = 1e9 / Number(fields[write ? 48 : 7])
    const percent = Number.parseFloat(fields[87] ?? '') + Number.parseFloat(fields[88] ?? '')
    found.push([what, { clock, processor: (clock * percent) / 100 }])
  }
  await place.run(['rm', '/bench/fio'])
  return found
}
