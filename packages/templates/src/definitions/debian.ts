/** Debian, as it would be on a small server of its own. What differs between releases is given by the caller. */

import type { DebianRecipe } from '../debian/recipe.ts'
import type { TemplateDefinition } from '../template.ts'

export function debian(release: string, suite: string): TemplateDefinition {
  return {
    name: `debian-${release}`,
    description: `Debian ${release} (${suite}), a small server with systemd`,
    distribution: 'debian',
    release,
    init: 'systemd',
    // systemd(1), SIGNALS: starts halt.target, which ends init once everything is stopped.
    stopSignal: 'SIGRTMIN+3',
    readyProbe: 'systemd',
    recipe: recipe(suite),
  }
}

function recipe(suite: string): DebianRecipe {
  return {
    kind: 'debian',
    revision: 2,
    suite,
    packages: [
      'systemd-sysv',
      'dbus',
      // Sessions of logind: `loginctl`, user services, XDG_RUNTIME_DIR.
      'libpam-systemd',
      'iproute2',
      'iputils-ping',
      'netbase',
      'procps',
      'ca-certificates',
      'tzdata',
      'less',
      'nano',
      'wget',
    ],
    files: {
      '/etc/fstab': '# The root file system is given by the node; nothing else is mounted by default.\n',
      '/etc/hosts':
        '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n',
      // Written by the node for each VPS. A plain file, so that it can be.
      '/etc/hostname': 'localhost\n',
      '/etc/resolv.conf': '',
      // Present but empty: systemd makes an id at the first start of each VPS. machine-id(5)
      '/etc/machine-id': '',
      '/etc/default/locale': 'LANG=C.UTF-8\n',
      // Caches under /etc and /var fit what is in /usr: no VPS rebuilds them at its first start. systemd-update-done.service(8)
      '/etc/.updated': '',
      '/var/.updated': '',
      // ping of ordinary users; Debian's own setting names more groups than a VPS has, and the kernel refuses it. icmp(7)
      '/etc/sysctl.d/50-ping.conf': '-net.ipv4.ping_group_range = 0 65534\n',
    },
    links: {
      '/etc/systemd/system/default.target': '/lib/systemd/system/multi-user.target',
      // A login prompt on the VPS's console.
      '/etc/systemd/system/getty.target.wants/console-getty.service': '/lib/systemd/system/console-getty.service',
      '/var/lib/dbus/machine-id': '/etc/machine-id',
    },
  }
}
