/** The care of VZFS on a real node: figures, what is in RAM and who pays for it, damage and its repair, as an administrator meets them. */

import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { VzfsDf, VzfsResidency } from '@insula/contract'
import { realFileCalls, realPageCache } from '@insula/kernel'
import { testNode, until } from './support/node.ts'

const node = await testNode(['debian-12'])
const debian = ['--template', 'debian-12', '--ip', 'auto'] as const
const files = realFileCalls()
const cache = realPageCache()
const { volume, cgroup } = node.instance
const MIB = 1024 ** 2

const ref = (JSON.parse(await node.ok('template', 'show', 'debian-12', '--json')) as { ref: string }).ref
/** Of the file in the pool whose contents this path of the template has. */
function pooled(path: string): { readonly file: string; readonly digest: string } {
  const key = files.getXattr(Buffer.from(join(volume, 'layers', ref, 'tree', path)), 'trusted.overlay.redirect')?.toString() ?? ''
  assert.notEqual(key, '', `${path} is shared`)
  return { file: join(volume, 'pool', key), digest: key.replaceAll('/', '') }
}

async function cold(file: string): Promise<void> {
  const fd = openSync(file, 'r')
  try {
    fsyncSync(fd)
    await until(`${file} is not in RAM`, () => {
      cache.letGo(fd)
      return cache.residentPages(fd, 0, statSync(file).size) === 0
    })
  } finally {
    closeSync(fd)
  }
}

function residentBytes(file: string): number {
  const fd = openSync(file, 'r')
  try {
    return cache.residentPages(fd, 0, statSync(file).size) * 4096
  } finally {
    closeSync(fd)
  }
}

/** As insulad does: on the account of the node. */
function readAhead(file: string): void {
  const fd = openSync(file, 'r')
  try {
    cache.readAhead(fd, 0, statSync(file).size)
  } finally {
    closeSync(fd)
  }
}

/** Bytes of files in RAM that a VPS pays for. */
async function filePages(name: string): Promise<number> {
  const { id } = await node.show(name)
  const v1 = `/sys/fs/cgroup/memory/${cgroup}/${id}/memory.stat`
  const text = readFileSync(existsSync(v1) ? v1 : `/sys/fs/cgroup/${cgroup}/${id}/memory.stat`, 'utf8')
  return Number(/^(?:total_cache|file) (\d+)$/m.exec(text)?.[1])
}

const PERL = '/usr/bin/perl'
const LIBRARIES = '/usr/lib/x86_64-linux-gnu'
const OTHER = join(
  LIBRARIES,
  readdirSync(join(volume, 'layers', ref, 'tree', LIBRARIES)).find((name) => /^libapt-pkg\.so\.\d+\.\d+\.\d+$/.test(name)) ?? '',
)

test('files that were hot are in RAM before the first VPS of a template runs, and it does not pay for them', async () => {
  const [hot, other] = [pooled(PERL), pooled(OTHER)]
  await cold(hot.file)
  await cold(other.file)
  const list = join(volume, 'layers', ref, 'hot.json')
  writeFileSync(`${list}.new`, JSON.stringify({ [hot.digest]: 1 }))
  renameSync(`${list}.new`, list)
  // One that knows of no VPS that used the template a short while ago, whose pages it would not look for.
  await node.killAndAwait('insulad')
  // Looked for from the start on: a machine whose kernel gives back memory that nobody touches (DAMON) may not keep it until the system has booted.
  const all = (): boolean => residentBytes(hot.file) >= statSync(hot.file).size
  await Promise.all([node.running('first', debian), until('what was hot is in RAM', all, 60)])
  await until('it is there again', () => {
    if (!all()) readAhead(hot.file)
    return all()
  })
  const before = await filePages('first')
  await node.inside('first', 'sh', '-c', `cat ${PERL} >/dev/null`)
  assert.ok((await filePages('first')) - before < MIB, 'what the node has read costs the VPS nothing')

  // The same without: whoever reads first pays.
  await cold(other.file)
  const unpaid = await filePages('first')
  await node.inside('first', 'sh', '-c', `cat ${OTHER} >/dev/null`)
  assert.ok((await filePages('first')) - unpaid >= statSync(other.file).size)
})

test('a program that one VPS has run is started by another without reading the disk', async () => {
  await node.running('second', debian)
  await node.inside('first', 'perl', '-e', '1')
  const { file } = pooled(PERL)
  const [resident, paid] = [residentBytes(file), await filePages('second')]
  await node.inside('second', 'perl', '-e', '1')
  assert.ok(residentBytes(file) <= resident, 'nothing of it was read')
  assert.ok((await filePages('second')) - paid < MIB)
  const { templates } = JSON.parse(await node.ok('vzfs', 'residency', 'debian-12', '--files', '50', '--json')) as VzfsResidency
  const [one] = templates
  assert.equal(one?.users, 2)
  assert.equal(one.saved, one.resident)
  assert.ok(one.biggest.some(({ path, resident }) => path === PERL && resident > 0))
})

test('what two VPSs of a template share is saved once', async () => {
  const { vps, templates, volume: whole } = JSON.parse(await node.ok('vzfs', 'df', '--json')) as VzfsDf
  const ours = vps.filter(({ name }) => name === 'first' || name === 'second')
  const template = templates.find((one) => one.ref === ref)
  assert.equal(template?.users, 2)
  for (const one of ours) {
    assert.ok(one.shared > 50 * MIB && one.shared <= template.shared, `${one.shared} of ${template.shared}`)
    assert.ok(one.private < one.shared / 2)
    assert.ok(one.apparent > one.shared)
  }
  assert.ok(whole.saved >= template.saved)
  assert.match(await node.ok('vzfs', 'df'), /^volume +/m)
})

test('what is in RAM is told by VPS that runs, in parts that are together what their volume saves', async (t) => {
  const { file } = pooled(PERL)
  const { vps, volumes } = JSON.parse(await node.ok('vzfs', 'residency', '--vps', '--json')) as VzfsResidency
  assert.deepEqual(vps.map(({ name }) => name).toSorted(), ['first', 'second'])
  const [whole, ...others] = volumes
  assert.ok(whole !== undefined && others.length === 0)
  for (const one of vps) {
    assert.equal(one.volume, whole.name)
    // Both show the same files of the template, so each has half of what is saved.
    assert.ok(one.resident >= residentBytes(file) && one.resident <= whole.resident, `${one.resident}`)
    assert.ok(Math.abs(one.saved - one.resident / 2) < MIB, `${one.saved} of ${one.resident}`)
  }
  const parts = vps.reduce((sum, { saved }) => sum + saved, 0)
  assert.ok(Math.abs(parts - whole.saved) <= vps.length, `${parts} and ${whole.saved}`)
  const told = await node.ok('vzfs', 'residency', '--vps')
  assert.match(told, /^WHAT +NAME +VOLUME +RESIDENT +SAVED$/m)
  for (const name of ['first', 'second']) assert.match(told, new RegExp(`^vps +${name} +${whole.name} +[\\d.]+M +[\\d.]+M$`, 'm'))
  assert.match(told, new RegExp(`^volume +${whole.name} +- +[\\d.]+M +[\\d.]+M$`, 'm'))
  t.diagnostic(told)
  // Only those that run: nobody uses what the other alone had.
  await node.ok('stop', 'second', '--force')
  const alone = JSON.parse(await node.ok('vzfs', 'residency', '--vps', '--json')) as VzfsResidency
  assert.deepEqual(
    alone.vps.map(({ name, saved }) => [name, saved]),
    [['first', 0]],
  )
  assert.equal(alone.volumes[0]?.saved, 0)
  await node.ok('start', 'second', '--wait-booted')
})

test('rot is found, served to nobody after that, told by the doctor, and mended from a copy that a VPS has', async (t) => {
  const { file, digest } = pooled(PERL)
  await node.inside('first', 'sh', '-c', `cp ${PERL} /root/copy; sync`)
  const sum = await node.inside('first', 'sha256sum', PERL)
  const fd = openSync(file, 'r+')
  writeSync(fd, 'rot', 1_000_000)
  fsyncSync(fd)
  closeSync(fd)
  const found = await node.insula(['vzfs', 'check', '--deep'])
  assert.equal(found.code, 1, found.stdout + found.stderr)
  assert.match(found.stdout, new RegExp(`^damaged +.*${digest.slice(2)}: it does not hold what its name says$`, 'm'))
  assert.match(found.stdout, /first, which runs, cannot open/)
  t.diagnostic(found.stdout)
  const read = await node.insula(['exec', 'first', '--', 'cat', PERL])
  assert.notEqual(read.code, 0)
  assert.equal(read.stdout, '')
  assert.match((await node.insula(['doctor'])).stdout, /vzfs: the check of .* left .* damaged on the volume/)

  const repaired = await node.insula(['vzfs', 'check', '--repair'])
  assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr)
  t.diagnostic(repaired.stdout)
  assert.equal(await node.inside('second', 'sha256sum', PERL), sum)
  assert.equal(await node.inside('first', 'sha256sum', PERL), sum)
  assert.equal((await node.insula(['vzfs', 'check', '--deep'])).code, 0)
  assert.doesNotMatch((await node.insula(['doctor'])).stdout, /vzfs:/)
})

test('a collection wins what it said that it would win, and harms nobody', async () => {
  await node.ok('template', 'build', 'micro')
  const dry = JSON.parse(await node.ok('vzfs', 'gc', '--dry-run', '--json')) as { files: number; bytes: number }
  const done = JSON.parse(await node.ok('vzfs', 'gc', '--json')) as { files: number; bytes: number }
  assert.deepEqual([done.files, done.bytes], [dry.files, dry.bytes])
  assert.equal((JSON.parse(await node.ok('vzfs', 'gc', '--json')) as { files: number }).files, 0)
  assert.equal((await node.insula(['vzfs', 'check'])).code, 0)
  await node.inside('second', 'perl', '-e', '1')
})
