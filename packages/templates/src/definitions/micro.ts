/** BusyBox and nothing else: for tests, benchmarks, and VPSs of a few kilobytes. */

import type { TemplateDefinition } from '../template.ts'

export const micro: TemplateDefinition = {
  name: 'micro',
  description: 'BusyBox, a few megabytes, boots at once',
  distribution: 'busybox',
  release: '1',
  init: 'busybox',
  // BusyBox's init: SIGUSR2 powers off, after the shutdown actions of inittab, TERM and KILL to all. SIGUSR1 halts, SIGTERM reboots.
  stopSignal: 'SIGUSR2',
  readyProbe: 'none',
  recipe: {
    kind: 'micro',
    revision: 1,
    directories: {
      '/dev': 0o755,
      '/etc': 0o755,
      '/etc/init.d': 0o755,
      '/home': 0o755,
      '/mnt': 0o755,
      '/proc': 0o555,
      '/root': 0o700,
      '/run': 0o755,
      '/sys': 0o555,
      '/tmp': 0o1777,
      '/usr': 0o755,
      '/usr/bin': 0o755,
      '/usr/lib': 0o755,
      '/usr/sbin': 0o755,
      '/var': 0o755,
      '/var/log': 0o755,
      '/var/tmp': 0o1777,
    },
    files: {
      // /proc, /sys, /dev, addresses and the host name are there before init starts.
      '/etc/inittab': {
        contents: [
          '::sysinit:/etc/init.d/rcS',
          'console::respawn:/sbin/getty -L 0 console vt100',
          '::ctrlaltdel:/sbin/reboot',
          '::shutdown:/bin/sync',
          '',
        ].join('\n'),
        mode: 0o644,
      },
      '/etc/init.d/rcS': {
        contents:
          '#!/bin/sh\n# Whatever lies here as S01name runs at each start.\nfor script in /etc/init.d/S??*; do\n  [ -x "$script" ] && "$script" start\ndone\nexit 0\n',
        mode: 0o755,
      },
      '/etc/passwd': {
        contents: [
          'root:x:0:0:root:/root:/bin/sh',
          'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
          'bin:x:2:2:bin:/bin:/usr/sbin/nologin',
          'mail:x:8:8:mail:/var/mail:/usr/sbin/nologin',
          'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin',
          'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
          '',
        ].join('\n'),
        mode: 0o644,
      },
      '/etc/group': {
        contents: [
          'root:x:0:',
          'daemon:x:1:',
          'bin:x:2:',
          'tty:x:5:',
          'mail:x:8:',
          'www-data:x:33:',
          'shadow:x:42:',
          'utmp:x:43:',
          'users:x:100:',
          'nogroup:x:65534:',
          '',
        ].join('\n'),
        mode: 0o644,
      },
      // No password opens any of them.
      '/etc/shadow': {
        contents: ['root', 'daemon', 'bin', 'mail', 'www-data', 'nobody']
          .map((user) => `${user}:*:19000:0:99999:7:::\n`)
          .join(''),
        mode: 0o640,
      },
      '/etc/hosts': { contents: '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n', mode: 0o644 },
      '/etc/hostname': { contents: 'localhost\n', mode: 0o644 },
      '/etc/resolv.conf': { contents: '', mode: 0o644 },
      '/etc/fstab': { contents: '', mode: 0o644 },
      '/etc/shells': { contents: '/bin/sh\n/bin/ash\n', mode: 0o644 },
      '/etc/profile': {
        contents: "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPS1='\\u@\\h:\\w\\$ '\n",
        mode: 0o644,
      },
      '/etc/os-release': {
        contents: 'PRETTY_NAME="Insula micro (BusyBox)"\nNAME="Insula micro"\nID=insula-micro\nVERSION_ID=1\n',
        mode: 0o644,
      },
    },
  },
}
