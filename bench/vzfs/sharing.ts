/** Disk and RAM of many VPSs with the same system: on VZFS, as full copies, and with an image file for each. */

import { mkdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { volumePaths } from '@insula/vzfs'
import { type BenchNode, runner } from '../node.ts'
import { type Places, vpsPlace } from './places.ts'

const MIB = 1024 ** 2
const DEADLINE = 1_800_000
const IMAGE_BYTES = 1024 * MIB
/** What each VPS reads, once. */
const READ_ALL = 'find /usr -xdev -type f -exec cat {} + | wc -c'
/** A program with its libraries, and what the kernel read from disk for it. proc(5) io: a shell has its children's too. */
const COLD_START = "perl -MPOSIX -e 1; sed -n 's/^read_bytes: //p' /proc/self/io"

interface Taken {
  readonly what: string
  /** Bytes of disk that one more takes. */
  readonly disk: number
  /** Bytes of page cache after all of them have read the same. */
  readonly ram: number
  /** Bytes read from disk by a program that another has run before. */
  readonly coldStart: number
}

export async function sharing(node: BenchNode, places: Places, count: number, say: (text: string) => void): Promise<string> {
  const rows: Taken[] = []
  say(`${count} VPSs`)
  rows.push(await onVzfs(node, count))
  say(`${count} copies`)
  rows.push(await asCopies(places, count))
  say(`${count} image files`)
  rows.push(await asImages(places, count))
  return [
    `| ${count} with the same Debian 12 | disk for each, KiB | page cache of all after each has read /usr, MiB | perl, run by another before: read from disk, KiB |`,
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ what, disk, ram, coldStart }) =>
        `| ${what} | ${(disk / 1024).toFixed(0)} | ${(ram / MIB).toFixed(0)} | ${(coldStart / 1024).toFixed(0)} |`,
    ),
  ].join('\n')
}

async function onVzfs(node: BenchNode, count: number): Promise<Taken> {
  const { pool, layers, area, volume } = volumePaths(node.instance.volume)
  const names = Array.from({ length: count }, (_, index) => `many${index}`)
  const before = await used(volume)
  const own: string[] = []
  for (const name of names) {
    await node.ask('POST', '/v1/vps?wait=60', { name, template: 'debian-12' })
    const { vps } = (await node.ask('GET', `/v1/vps/${name}`)) as { vps: { id: number } }
    own.push(area(vps.id).upper)
  }
  const disk = ((await used(volume)) - before) / count
  let coldStart = 0
  for (const name of names) {
    await node.insula('start', name, '--wait-booted')
    const vps = vpsPlace(node, name)
    await vps.run(['sh', '-c', READ_ALL])
    coldStart = Number(await vps.run(['sh', '-c', COLD_START]))
  }
  const ram = await resident([pool, layers, ...own])
  for (const name of names) await node.ask('DELETE', `/v1/vps/${name}?force=true&wait=60`)
  return { what: 'VPSs on VZFS', disk, ram, coldStart }
}

async function asCopies({ archive, scratch }: Places, count: number): Promise<Taken> {
  const directory = join(scratch, 'copies')
  mkdirSync(directory)
  const before = await used(scratch)
  const roots = Array.from({ length: count }, (_, index) => join(directory, String(index)))
  for (const root of roots) await unpack(archive, root)
  const disk = ((await used(scratch)) - before) / count
  await forget(directory)
  let coldStart = 0
  for (const root of roots) {
    coldStart = Number(await inside(root, COLD_START))
    await inside(root, READ_ALL)
  }
  const ram = await resident([directory])
  rmSync(directory, { recursive: true })
  return { what: 'full copies', disk, ram, coldStart }
}

async function asImages({ archive, scratch }: Places, count: number): Promise<Taken> {
  const directory = join(scratch, 'images')
  mkdirSync(directory)
  const before = await used(scratch)
  const first = join(directory, '0.ext4')
  const tree = join(scratch, 'tree-for-images')
  await unpack(archive, tree)
  await runner.run(['mkfs.ext4', '-q', '-d', tree, first, `${IMAGE_BYTES / 1024}k`], { deadline: DEADLINE })
  rmSync(tree, { recursive: true })
  const images = Array.from({ length: count }, (_, index) => join(directory, `${index}.ext4`))
  for (const image of images.slice(1))
    await runner.run(['cp', '--sparse=always', '--reflink=never', first, image], { deadline: DEADLINE })
  const disk = ((await used(scratch)) - before) / count
  await forget(directory)
  const mounted: string[] = []
  let coldStart = 0
  try {
    for (const image of images) {
      const root = image.replace('.ext4', '')
      mkdirSync(root)
      await runner.run(['mount', '-o', 'loop', image, root])
      mounted.push(root)
      await runner.run(['mount', '-t', 'proc', 'proc', join(root, 'proc')])
      mounted.push(join(root, 'proc'))
      coldStart = Number((await runner.run(['chroot', root, 'sh', '-c', COLD_START])).stdout)
      await runner.run(['chroot', root, 'sh', '-c', READ_ALL], { deadline: DEADLINE })
    }
    const ram = (await resident(images)) + (await resident(mounted.filter((path) => !path.endsWith('proc'))))
    return { what: 'an image file (ext4) for each', disk, ram, coldStart }
  } finally {
    for (const path of mounted.toReversed()) await runner.run(['umount', path])
    rmSync(directory, { recursive: true })
  }
}

async function unpack(archive: string, root: string): Promise<void> {
  mkdirSync(root, { recursive: true })
  await runner.run(['tar', '-C', root, '--numeric-owner', '-xf', archive], { deadline: DEADLINE })
  for (const name of ['proc', 'dev']) mkdirSync(join(root, name), { recursive: true })
}

/** In a copy, with a /proc of its own for that time. */
async function inside(root: string, script: string): Promise<string> {
  const line = 'mount -t proc proc "$0/proc" && exec chroot "$0" sh -c "$1"'
  return (await runner.run(['unshare', '--mount', 'sh', '-c', line, root, script], { deadline: DEADLINE })).stdout
}

async function used(path: string): Promise<number> {
  await runner.run(['sync', '-f', path], { deadline: DEADLINE })
  const { blocks, bfree, bsize } = statfsSync(path)
  return (blocks - bfree) * bsize
}

/** Bytes of these files and trees in the page cache. */
async function resident(paths: readonly string[]): Promise<number> {
  const script =
    'find "$@" -xdev -type f -size +0 -links -2 -print0 | xargs -0 -r fincore -b -n -o RES | awk "{ sum += \\$1 } END { print sum + 0 }"'
  return Number((await runner.run(['sh', '-c', script, '-', ...paths], { deadline: DEADLINE })).stdout)
}

/** Drops their pages, as if the machine had just come up. posix_fadvise(2), POSIX_FADV_DONTNEED */
async function forget(directory: string): Promise<void> {
  const drop = 'open my $file, "<", $_ or die; syscall(221, fileno $file, 0, 0, 4) == 0 or die $!'
  const script = `find "$0" -xdev -type f -size +0 -print0 | perl -0 -lne '${drop}'`
  await runner.run(['sh', '-c', script, directory], { deadline: DEADLINE })
}
