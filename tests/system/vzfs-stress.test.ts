/**
 * Stress-ng's file stressors and fio, both verifying what they read back, in a real VPS on VZFS: on files of its own and on files that
 * begin as shared ones. Whatever it does, its neighbour and the volume's shared files stay as they were.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imprint } from '../../packages/vzfs/src/testing/imprint.ts'
import { testNode } from './support/node.ts'

const STRESSORS = `access chattr chdir chmod chown copy-file dentry dir dirdeep dirmany dup fallocate fiemap file-ioctl filename flock fpunch
  fstat getdent hdd inotify io iomix lease link locka lockf lockofd mknod mmap mmapmany msync open readahead rename revio seek sendfile splice
  symlink sync-file touch utime verity xattr`
const NAMES = STRESSORS.split(/\s+/)
const SECONDS_EACH = 1

const node = await testNode(['debian-12'])
const debian = ['--template', 'debian-12', '--ip', 'auto'] as const
const stressed = await node.running('stressed', debian)
const wrecked = await node.running('wrecked', debian)
const neighbour = await node.running('neighbour', debian)
const untouched = imprint(node.instance.volume)

/** Runs a script inside and asserts success. */
async function sh(name: string, script: string, seconds = 300): Promise<string> {
  const { code, stdout, stderr } = await node.insula(['exec', name, '--', 'sh', '-euc', script], { deadline: seconds * 1_000 })
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  return stdout.trim()
}

/** Every name, attribute and byte of what a VPS has from its template and does not change by itself. */
const STILL = '/usr /etc /bin /sbin /lib /opt'
const digestOf = (name: string): Promise<string> =>
  sh(
    name,
    `{ find ${STILL} -printf '%p %y %m %U %G %s %T@ %n %l\\n' | sort
       find ${STILL} -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum`,
  )
const neighbourSees = await digestOf(neighbour)

test('the tools can be installed', async () => {
  const install =
    'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends stress-ng fio'
  await sh(stressed, `{ ${install}; } >/var/log/install 2>&1 || { tail /var/log/install; exit 1; }`, 400)
})

// A signal that ends the stressor can interrupt a mknod that nobody has taken up yet: decision 15.
test('every stressor finds what it has written', async () => {
  const script = `mkdir -p /srv/stress; cd /srv/stress
    for one in ${NAMES.join(' ')}; do
      stress-ng --$one 1 --timeout ${SECONDS_EACH} --verify --temp-path . >/srv/log 2>&1 || { echo "$one: $?"; cat /srv/log; }
      if grep 'fail:' /srv/log | grep -qv 'mknod S_IFCHR .*errno=4 '; then cat /srv/log; fi
    done`
  assert.equal(await sh(stressed, script), '')
})

test('fio finds what it has written: in a file of its own, and in files that were shared until then', async () => {
  const script = `cd /srv
    fio=' --verify=crc32c --verify_fatal=1 --do_verify=1 --randrepeat=1 --output=/srv/fio.log --size=16m --minimal'
    fio --name=own $fio --rw=randwrite --bs=4k --filename=own || cat fio.log
    fio --name=direct $fio --rw=randrw --bs=8k --direct=1 --filename=direct || cat fio.log
    fio --name=mapped $fio --rw=randwrite --bs=4k --ioengine=mmap --filename=mapped || cat fio.log
    find /usr -xdev -type f -links 1 -size +400k -size -20000k -path '*/share/*' | sort | head -n 6 >shared
    test "$(wc -l <shared)" -ge 3
    while read -r file; do
      size=$(stat -c %s "$file"); size=$((size / 4096 * 4096))
      cp --reflink=never "$file" before
      fio --name=shared $fio --rw=randwrite --bs=4k --size=$size --io_size=$((size / 2 / 4096 * 4096)) --filename="$file" || cat fio.log
      test "$(stat -c %s "$file")" = "$(stat -c %s before)"
      if cmp -s "$file" before; then echo "$file is unchanged"; fi
    done <shared`
  assert.equal(await sh(stressed, script), '')
})

test('what is done to all shared files at once is done whole', async () => {
  const script = `set -x
    cd /usr/share
    count() { find . -xdev -type f | wc -l; }
    files=$(count)
    find . -xdev -type f -exec sha256sum {} + | sort >/srv/before
    chmod -R o-r . && chown -R 7:7 . && mv doc doc2 && mv doc2 doc
    find . -xdev -type f -exec sha256sum {} + | sort | cmp - /srv/before
    test "$(find . -xdev -type f -user 7 -group 7 ! -perm /o+r | wc -l)" = "$files"
    find . -xdev -type f -exec sh -c 'for file; do echo more >>"$file"; done' - {} +
    test "$(find . -xdev -type f -exec tail -qn 1 {} + | grep -ac 'more$')" = "$files"
    cp -a . /srv/copy && rm -r ./* && cp -a /srv/copy/. .
    test "$(count)" = "$files"
    diff -r --no-dereference . /srv/copy`
  assert.equal(await sh(wrecked, script), '')
})

test('the neighbour and all shared files are as they were', async () => {
  assert.equal(await digestOf(neighbour), neighbourSees)
  assert.deepEqual(imprint(node.instance.volume), untouched)
  await node.ok('restart', stressed, '--wait-booted')
  await node.ok('restart', neighbour, '--wait-booted')
  assert.equal(await digestOf(neighbour), neighbourSees)
})
