/** Archives of systems become templates, and hostile ones nothing. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { confinedRunner, realFileCalls, realPrivateMounts, realProcessRunner, realQuota, startAttached } from '@insula/kernel'
import { openVzfs, type Vzfs } from '@insula/vzfs'
import { TemplateFailed } from '../failure.ts'
import { importTemplate, type ImportNeed } from './import.ts'

const runner = realProcessRunner()
const runConfined = confinedRunner(runner, realPrivateMounts())
const files = realFileCalls()
const beside = mkdtempSync('/var/tmp/insula-import-test-')
const at = (name: string): string => join(beside, name)
let vzfs: Vzfs
before(async () => {
  vzfs = await openVzfs(at('volume'), { files, quota: realQuota, warn: (message) => assert.fail(message) })
})
after(async () => {
  await vzfs.close()
  rmSync(beside, { recursive: true, force: true })
})

/** A root file system with everything that an archive has to keep. */
function system(name: string): string {
  const root = at(name)
  for (const directory of ['etc', 'dev', 'usr/bin', 'usr/sbin', 'var/lib', 'srv'])
    mkdirSync(join(root, directory), { recursive: true })
  symlinkSync('usr/sbin', join(root, 'sbin'))
  copyFileSync('/bin/busybox', join(root, 'usr/bin/busybox'))
  chmodSync(join(root, 'usr/bin/busybox'), 0o4755)
  symlinkSync('/usr/bin/busybox', join(root, 'usr/sbin/init'))
  writeFileSync(join(root, 'etc/os-release'), 'ID="testos"\nVERSION_ID=7\nPRETTY_NAME="Test OS 7"\n')
  const odd = join(root, 'srv/odd')
  writeFileSync(odd, Buffer.alloc(9000, 'x'))
  linkSync(odd, `${odd}-too`)
  files.setXattr(Buffer.from(odd), 'user.note', Buffer.from('kept'))
  chownSync(odd, 1000, 33)
  utimesSync(odd, 1e9, 1e9)
  const capable = join(root, 'usr/bin/capable')
  writeFileSync(capable, 'x')
  files.setXattr(Buffer.from(capable), 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'))
  const sparse = openSync(join(root, 'srv/sparse'), 'w')
  ftruncateSync(sparse, 8 << 20)
  writeSync(sparse, 'end', (8 << 20) - 3)
  closeSync(sparse)
  writeFileSync(Buffer.concat([Buffer.from(join(root, 'srv/')), Buffer.from([0xff, 0x0a, 0x5c, 0x80])]), 'name')
  return root
}

async function pack(root: string, archive: string, ...options: string[]): Promise<string> {
  const kept = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '--sparse', '--format=posix']
  await runner.run(['tar', '--create', `--file=${at(archive)}`, `--directory=${root}`, ...kept, ...options, '.'])
  return at(archive)
}

/** Members of an archive that no honest tar would write. */
async function hostile(archive: string, members: string): Promise<string> {
  const program = `import io, sys, tarfile
out = tarfile.open(sys.argv[1], 'w')
def add(name, data=b'', **more):
    one = tarfile.TarInfo(name)
    one.size = len(data)
    for key, value in more.items(): setattr(one, key, value)
    out.addfile(one, io.BytesIO(data))
add('sbin/init', b'#!/bin/sh', mode=0o755)
${members}
out.close()`
  await runner.run(['python3', '-c', program, at(archive)])
  return at(archive)
}

const doImport = (archive: string, more: Partial<ImportNeed> = {}) =>
  importTemplate('imported', archive, { vzfs, runner, runConfined, ...more })

async function refusal(archive: string, more: Partial<ImportNeed> = {}): Promise<TemplateFailed> {
  const before = readdirSync(join(vzfs.path, 'layers'))
  const error = await doImport(archive, more).catch((reason: unknown) => reason)
  assert.ok(error instanceof TemplateFailed, String(error))
  await nothingLeft()
  assert.deepEqual(readdirSync(join(vzfs.path, 'layers')), before)
  return error
}

async function nothingLeft(): Promise<void> {
  await vzfs.idle()
  for (const part of ['tmp', 'trash']) assert.deepEqual(readdirSync(join(vzfs.path, part)), [], part)
}

describe('an archive of a system', () => {
  test('becomes a template that has all that it had, however it is compressed, but no devices', async () => {
    const root = system('root')
    await runner.run(['mknod', join(root, 'dev/sda'), 'b', '8', '0'])
    await runner.run(['mknod', join(root, 'srv/disk'), 'b', '8', '0'])
    const said: string[] = []
    const made = []
    for (const [name, option] of [
      ['plain', '--totals'],
      ['gz', '--gzip'],
      ['xz', '--xz'],
      ['zst', '--zstd'],
    ] as const)
      made.push(await doImport(await pack(root, name, option), { log: (text) => said.push(text) }))
    assert.equal(new Set(made.map(({ ref }) => ref)).size, 4)
    assert.equal(new Set(made.map((one) => `${one.files} ${one.bytes} ${one.definition.length}`)).size, 1)
    const [first] = made
    assert.deepEqual(
      [first?.distribution, first?.release, first?.description, first?.init, first?.stopSignal],
      ['testos', '7', 'Test OS 7', 'busybox', 'SIGUSR2'],
    )
    assert.ok(said.includes('1 device nodes were left out'), said.join())
    const tree = join(vzfs.path, 'layers', first?.ref ?? '', 'tree')
    const odd = lstatSync(join(tree, 'srv/odd'))
    assert.deepEqual([odd.uid, odd.gid, odd.mtimeMs, odd.nlink, odd.size], [1000, 33, 1e12, 2, 9000])
    assert.equal(files.getXattr(Buffer.from(join(tree, 'srv/odd')), 'user.note')?.toString(), 'kept')
    assert.equal(lstatSync(join(tree, 'usr/bin/busybox')).mode & 0o7777, 0o4755)
    assert.ok(files.getXattr(Buffer.from(join(tree, 'usr/bin/capable')), 'security.capability'))
    assert.deepEqual([readdirSync(join(tree, 'dev')), existsSync(join(tree, 'srv/disk'))], [[], false])
    assert.ok(
      readdirSync(join(tree, 'srv'), { encoding: 'buffer' }).some((name) => name.equals(Buffer.from([0xff, 0x0a, 0x5c, 0x80]))),
    )
    const stub = files.getXattr(Buffer.from(join(tree, 'srv/sparse')), 'trusted.overlay.redirect')?.toString() ?? ''
    const pooled = statSync(join(vzfs.path, 'pool', stub))
    assert.equal(pooled.size, 8 << 20)
    assert.ok(pooled.blocks * 512 < 1 << 20, `${pooled.blocks} blocks`)
    await nothingLeft()
  })

  test('that has no init, or one of another processor, or ids that no VPS has, is refused by what is wrong', async () => {
    const root = system('wrong')
    const init = join(root, 'usr/bin/busybox')
    chownSync(join(root, 'srv/odd'), 70_000, 0)
    assert.match((await refusal(await pack(root, 'ids'))).message, /70000:0 \/srv\/odd(-too)? belongs to an id above 65535/)
    chownSync(join(root, 'srv/odd'), 0, 0)
    const program = readFileSync(init)
    program.writeUInt16LE(183, 18)
    writeFileSync(init, program)
    assert.match((await refusal(await pack(root, 'arm'))).message, /\/usr\/bin\/busybox is made for another processor/)
    rmSync(init)
    assert.match((await refusal(await pack(root, 'none'))).message, /there is no init in it/)
    writeFileSync(at('text'), 'no archive')
    assert.match((await refusal(at('text'))).message, /This does not look like a tar archive/)
    assert.match((await refusal(at('absent'))).message, /cannot be read \(ENOENT\)/)
  })

  test('that ends in the middle is refused', async () => {
    const archive = await pack(system('whole'), 'cut', '--gzip')
    truncateSync(archive, Math.floor(statSync(archive).size / 2))
    assert.match((await refusal(archive)).message, /cannot become a template: .*(unexpected end of file|Unexpected EOF)/i)
  })

  test('that is too large is refused before anything is written, and so is one with too many files', async () => {
    mkdirSync(at('big'))
    const big = openSync(at('big/zeros'), 'w')
    ftruncateSync(big, 10 * 1024 ** 3)
    closeSync(big)
    const limits = { bytes: 1024 ** 3, files: 1000 }
    assert.match((await refusal(await pack(at('big'), 'sparse'), { limits })).message, /it unpacks to more than 1024 MiB/)
    const many = await hostile('many', "for number in range(2000): add('f%d' % number)")
    assert.match((await refusal(many, { limits })).message, /or 1000 files/)
  })
})

describe('a hostile archive', () => {
  const outside = at('outside')
  const victim = join(outside, 'victim')
  before(() => {
    mkdirSync(outside)
    writeFileSync(victim, 'untouched')
  })
  const unharmed = (): void => {
    assert.equal(readFileSync(victim, 'utf8'), 'untouched')
    assert.deepEqual(readdirSync(outside), ['victim'])
    assert.equal(statSync(victim).nlink, 1)
  }
  const CASES: readonly (readonly [string, string])[] = [
    ['names that lead up', `add('../' * 12 + '${outside.slice(1)}/new', b'x')`],
    ['a link and a file through it', `add('d', type=tarfile.SYMTYPE, linkname='${outside}'); add('d/new', b'x')`],
    ['a link to a file that is written', `add('f', type=tarfile.SYMTYPE, linkname='${victim}'); add('f', b'x')`],
    [
      'a relative link and a file through it',
      `add('a/d', type=tarfile.SYMTYPE, linkname='../' * 12 + '${outside.slice(1)}'); add('a/d/new', b'x')`,
    ],
    ['a hard link to the outside that is written', `add('h', type=tarfile.LNKTYPE, linkname='${victim}'); add('h', b'x')`],
  ]
  for (const [what, members] of CASES)
    test(`with ${what} harms nobody`, async () => {
      await doImport(await hostile('hostile', members)).catch((error: unknown) =>
        assert.ok(error instanceof TemplateFailed, String(error)),
      )
      unharmed()
      await nothingLeft()
    })

  test('with absolute names lands below the root', async () => {
    const { ref } = await doImport(await hostile('absolute', `add('${outside}/new', b'x')`))
    unharmed()
    assert.ok(existsSync(join(vzfs.path, 'layers', ref, 'tree', outside, 'new')))
  })

  test('with marks of overlayfs brings none', async () => {
    const marks = `SCHILY.xattr.trusted.overlay.`
    const headers = `{'${marks}metacopy': '', '${marks}redirect': '/aa/${'b'.repeat(62)}'}`
    const { ref } = await doImport(await hostile('marks', `add('stub', b'x', pax_headers=${headers})`))
    const stub = Buffer.from(join(vzfs.path, 'layers', ref, 'tree/stub'))
    assert.deepEqual(files.listXattrs(stub), [])
  })

  test('that a broken tar would follow finds all but its place read-only, and no device', async () => {
    const writable = at('writable')
    mkdirSync(writable)
    const tryIt = (script: string) => runConfined(['sh', '-c', script], { writable })
    await tryIt(`echo in > ${writable}/in && echo x > /dev/null`)
    assert.equal(readFileSync(join(writable, 'in'), 'utf8'), 'in\n')
    for (const script of [
      `echo x > ${victim}`,
      `ln ${victim} ${writable}/link`,
      `mknod ${writable}/null c 1 3 && echo x > ${writable}/null`,
      `cp /bin/sh ${writable}/sh && ${writable}/sh -c true`,
      'echo x > /proc/sys/vm/drop_caches',
      'test -e /dev/loop0 || test -e /dev/vda || test -e /dev/sda',
      `mount -o remount,rw,bind ${dirname(victim)} 2>/dev/null && echo x > ${victim}`,
    ])
      await assert.rejects(tryIt(script), script)
    unharmed()
  })
})

test('an import that is cancelled leaves nothing', async () => {
  const archive = await pack(system('cancelled'), 'cancelled.tar')
  for (const step of ['reading the archive', 'unpacking', 'looking at it']) {
    const controller = new AbortController()
    const asked = doImport(archive, {
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.step === step) controller.abort(new Error('on purpose'))
      },
    })
    await assert.rejects(asked, /on purpose/, step)
    await nothingLeft()
  }
})

test('an import that is killed leaves nothing to whoever opens the volume next, and no tar', async () => {
  const archive = await pack(system('killed'), 'killed.tar')
  const volume = at('volume-of-the-killed')
  const program = new URL('../testing/import-child.ts', import.meta.url).pathname
  for (const step of ['reading the archive', 'unpacking', 'looking at it', 'sharing files']) {
    const child = startAttached([process.execPath, program, volume, archive, step], { descriptors: ['null', 'null', 2] })
    assert.equal((await child.ended).signal, 'SIGKILL', step)
    while (tarsOf(archive).length > 0) await sleep(5)
    const next = await openVzfs(volume, { files, quota: realQuota, warn: (message) => assert.fail(message) })
    await next.idle()
    for (const part of ['tmp', 'trash', 'layers']) assert.deepEqual(readdirSync(join(volume, part)), [], `${part} after ${step}`)
    assert.deepEqual(await next.check({ contents: true }), [])
    if (step === 'sharing files') await doImport(archive, { vzfs: next })
    await next.close()
  }
})

test('a volume that becomes full while an archive is imported: nothing of it is left, and it is imported when there is room', async (t) => {
  const place = at('small')
  mkdirSync(place)
  await runner.run(['mount', '-t', 'tmpfs', '-o', 'size=200m', 'tmpfs', place])
  const small = await openVzfs(join(place, 'volume'), { files, quota: realQuota, warn: (message) => assert.fail(message) })
  t.after(async () => {
    await small.close()
    await runner.run(['umount', place])
  })
  const archive = await pack(system('large'), 'large.tar')
  const size = (options: string) => runner.run(['mount', '-o', `remount,${options}`, place])
  const used = (): number => statfsSync(place).files - statfsSync(place).ffree
  const full = (error: unknown): boolean =>
    error instanceof TemplateFailed && error.reason === 'no_space' && /there is no room for it/.test(error.message)
  await size('size=60m')
  await assert.rejects(doImport(archive, { vzfs: small }), full)
  // From the end of a step on: while tar writes, and while a layer is made of what it wrote.
  for (const [step, more] of [
    ['reading the archive', 10],
    ['looking at it', 0],
    ['looking at it', 4],
  ] as const) {
    await size('size=200m,nr_inodes=100000')
    let met = false
    const refused = doImport(archive, {
      vzfs: small,
      onProgress(progress) {
        if (met || progress.step !== step) return
        met = true
        execFileSync('mount', ['-o', `remount,nr_inodes=${used() + more}`, place])
      },
    })
    await assert.rejects(refused, full, `${step} ${more}`)
    await small.idle()
    for (const part of ['tmp', 'trash', 'layers']) assert.deepEqual(readdirSync(join(small.path, part)), [], `${part}, ${step}`)
  }
  await size('size=200m,nr_inodes=100000')
  await doImport(archive, { vzfs: small })
  assert.deepEqual(await small.check({ contents: true }), [])
})

/** Processes that read the archive. */
function tarsOf(archive: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--file=${archive}`)
    } catch {
      return false
    }
  })
}
