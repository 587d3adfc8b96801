/**
 * What makes a system this one and no other, taken from a clone before anybody sees it: its machine's id, its SSH host keys, the seed of its
 * random numbers. Its files are a tenant's, so everything goes through a root that nothing leads out of.
 */

import type { ConfinedRoot } from '@insula/kernel'

const MACHINE_ID = '/etc/machine-id'
const DBUS_ID = '/var/lib/dbus/machine-id'
const SEEDS = ['/var/lib/systemd/random-seed', '/var/lib/urandom/random-seed']
const HOST_KEYS = ['rsa', 'dsa', 'ecdsa', 'ed25519'].flatMap((kind) =>
  ['', '.pub', '-cert.pub'].map((end) => `/etc/ssh/ssh_host_${kind}_key${end}`),
)
/** Where a distribution makes host keys that are missing by itself, at every boot. */
const KEYGEN_UNITS = ['lib', 'usr/lib'].flatMap((lib) =>
  ['sshd-keygen.service', 'sshd-keygen@.service', 'ssh-keygen.service'].map((unit) => `/${lib}/systemd/system/${unit}`),
)
const DROP_IN = '/etc/systemd/system/ssh.service.d'
/** Debian makes them when the package is installed, and its check before the start fails without. The list is emptied first. systemd.service(5) */
const MAKE_KEYS = `# Written by Insula when this VPS was cloned: makes SSH host keys that are missing.
[Service]
ExecStartPre=
ExecStartPre=/usr/bin/ssh-keygen -A
ExecStartPre=/usr/sbin/sshd -t
`
const MOST_BYTES = 65_536

/** @param owner host id of its root @returns what was done, in words */
export function takeIdentity(root: ConfinedRoot, owner: number): string[] {
  const done: string[] = []
  const id = root.read(MACHINE_ID, MOST_BYTES)
  if (id !== null && id !== '') {
    // Empty, and systemd makes another at the first boot. machine-id(5)
    if (!root.write(MACHINE_ID, '', 0o444, owner) && root.remove(MACHINE_ID)) root.write(MACHINE_ID, '', 0o444, owner)
    done.push('its machine id is emptied, and made anew when it boots')
  }
  // A link to the other shows nothing by now.
  const dbus = root.read(DBUS_ID, MOST_BYTES)
  if (dbus !== null && dbus !== '' && root.remove(DBUS_ID)) done.push("D-Bus's own machine id is removed")
  if (SEEDS.filter((path) => root.remove(path)).length > 0) done.push('its random seed is removed')
  if (HOST_KEYS.filter((path) => root.remove(path)).length > 0) done.push(`its SSH host keys are removed, ${anew(root, owner)}`)
  return done
}

function anew(root: ConfinedRoot, owner: number): string {
  if (KEYGEN_UNITS.some((unit) => root.read(unit, MOST_BYTES) !== null)) return 'and its distribution makes others when it boots'
  if (!root.isDirectory('/etc/systemd/system')) return 'and have to be made inside: ssh-keygen -A'
  root.makeDirectory(DROP_IN, 0o755, owner)
  root.write(`${DROP_IN}/insula-host-keys.conf`, MAKE_KEYS, 0o644, owner)
  return `and made anew when its SSH server starts (${DROP_IN}/insula-host-keys.conf)`
}
