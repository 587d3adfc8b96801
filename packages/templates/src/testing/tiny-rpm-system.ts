/** A whole system of a few RPM packages, which boots: directories, BusyBox with its init, and rpm itself with the libraries that it needs. */

import { realProcessRunner } from '@insula/kernel'
import type { RpmRepository } from './rpm-repository.ts'

const runner = realProcessRunner()

const DIRECTORIES = [
  'bin',
  'dev',
  'etc',
  'proc',
  'root',
  'run',
  'sbin',
  'sys',
  'tmp',
  'usr/bin',
  'usr/lib',
  'usr/sbin',
  'var/log',
  'var/tmp',
]

export async function addTinySystem(repository: RpmRepository): Promise<void> {
  await repository.add({
    name: 'tiny-filesystem',
    version: '1.0',
    install: [
      ...DIRECTORIES.map((each) => `mkdir -p $1/${each}`),
      'echo root:x:0:0:root:/root:/bin/sh > $1/etc/passwd',
      'echo root:x:0: > $1/etc/group',
    ].join('\n'),
    files: [
      ...DIRECTORIES.filter((each) => !/tmp$|^proc$/.test(each)).map((each) => `%dir /${each}`),
      '%attr(0555,root,root) %dir /proc',
      '%attr(1777,root,root) %dir /tmp',
      '%attr(1777,root,root) %dir /var/tmp',
      ...['passwd', 'group'].map((each) => `%config(noreplace) /etc/${each}`),
    ],
  })
  await repository.add({
    name: 'tiny-busybox',
    version: '1.2',
    epoch: 1,
    requires: ['tiny-filesystem'],
    install: [
      'mkdir -p $1/bin $1/sbin $1/etc',
      'cp "$(command -v busybox)" $1/bin/busybox',
      'ln -s busybox $1/bin/sh',
      'ln -s ../bin/busybox $1/sbin/init',
      "printf '::sysinit:/bin/touch /run/booted\\n::shutdown:/bin/true\\n' > $1/etc/inittab",
    ].join('\n'),
    files: ['/bin/busybox', '/bin/sh', '/sbin/init', '%config(noreplace) /etc/inittab'],
    scripts: { post: '/bin/busybox --install -s /bin && id -u > /root/installed-by && ls /proc/self/fd > /dev/null' },
  })
}

/** rpm(8) of this machine. Large, as libraries are. */
export async function addRpmItself(repository: RpmRepository): Promise<void> {
  const { stdout } = await runner.run(['ldd', '/usr/bin/rpm'])
  const libraries = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = '']) => path)
  await repository.add({
    name: 'tiny-rpm',
    version: '4.18',
    requires: ['tiny-busybox'],
    install: [
      'mkdir -p $1/usr/bin $1/usr/lib $1/etc/rpm $1/var/lib/rpm',
      'cp /usr/bin/rpm $1/usr/bin/rpm',
      'cp -a /usr/lib/rpm $1/usr/lib/rpm',
      // Debian's rpm has its database in the home directory; a system of RPM packages does not.
      "echo '%%_dbpath /var/lib/rpm' > $1/etc/rpm/macros",
      ...libraries.map((path) => `mkdir -p "$1$(dirname ${path})"; cp -L ${path} $1${path}`),
    ].join('\n'),
    files: ['/usr/bin/rpm', '/usr/lib/rpm', '/etc/rpm/macros', '%dir /var/lib/rpm', ...libraries],
  })
}
