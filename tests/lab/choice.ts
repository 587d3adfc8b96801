/**
 * Which files of the system tier run in the lab's machine as well. An emulated machine is ten times slower, so plain `./test` runs
 * those that another kernel, pure cgroup v2 and systemd as init make a difference to; `./test lab` runs all that can.
 */

export type Place =
  /** In plain `./test` too. */
  | 'test'
  /** In `./test lab`. */
  | 'lab'
  /** Nowhere but on the host. */
  | 'host'

export interface Choice {
  readonly file: string
  readonly place: Place
  readonly why: string
}

const choice = (place: Place, file: string, why: string): Choice => ({ file, place, why })
const NO_MIRROR = 'installs packages, and the machine reaches no mirror'

export const CHOICES: readonly Choice[] = [
  choice('test', 'packages/kernel/src/cgroup/real.system.test.ts', 'pure v2 is a branch of its own in every line of it'),
  choice('test', 'packages/kernel/src/quota/real.system.test.ts', 'the host has no quota'),
  choice('test', 'packages/vzfs/src/quota/quota.system.test.ts', 'the host has no quota'),
  choice('lab', 'packages/vzfs/src/quota/reached-limits.system.test.ts', 'the host has no quota'),
  choice('lab', 'packages/vzfs/src/quota/ext4.system.test.ts', 'the same calls on both kernels'),
  choice('test', 'tests/system/quota.test.ts', 'the host has no quota'),
  choice('test', 'tests/system/quota-inside.test.ts', 'the host has no quota'),
  choice('test', 'tests/system/quota-attacks.test.ts', 'the host has no quota'),
  choice('test', 'packages/kernel/src/lxcfs/real.system.test.ts', 'another version, and it reads v2'),
  choice('test', 'packages/kernel/src/volume/real.system.test.ts', 'XFS with quota'),
  choice('test', 'packages/kernel/src/mounts/real.system.test.ts', 'mounts on a v2 host'),
  choice('test', 'packages/kernel/src/host-mounts/real.system.test.ts', 'id-mapped upper directories of another kernel'),
  choice('lab', 'packages/kernel/src/page-cache/real.system.test.ts', 'what is in RAM, by another kernel'),
  choice('lab', 'packages/kernel/src/probe/real.system.test.ts', 'says what the machine is'),
  choice('lab', 'packages/kernel/src/served-file/real.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/kernel/src/seccomp/reused.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/kernel/src/netns/real.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/kernel/src/pty/real.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/kernel/src/runtime/real.system.test.ts', 'a later crun'),
  choice('lab', 'packages/kernel/src/confined/real.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/kernel/src/userns/real.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/kernel/src/files/real.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/kernel/src/filter/real.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/kernel/src/links/real.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/kernel/src/network/real.system.test.ts', 'the same calls on both kernels'),
  choice('lab', 'packages/vzfs/src/overlay.system.test.ts', 'overlayfs of another kernel'),
  choice('lab', 'packages/vzfs/src/isolation.system.test.ts', 'overlayfs of another kernel'),
  choice('lab', 'packages/vzfs/src/like-posix.system.test.ts', 'overlayfs of another kernel'),
  choice('lab', 'packages/vzfs/src/posix-limits.system.test.ts', 'overlayfs of another kernel'),
  choice('lab', 'packages/vzfs/src/areas.system.test.ts', 'mostly our own code'),
  choice('lab', 'packages/vzfs/src/volumes/volumes.system.test.ts', 'mostly our own code; quota of two file systems'),
  choice('host', 'packages/vzfs/src/build/crew.system.test.ts', 'our own code'),
  choice('host', 'packages/vzfs/src/crash.system.test.ts', 'our own code, and seven minutes of hashing'),
  choice('host', 'packages/vzfs/src/power-loss.system.test.ts', 'our own order of writes; images of gigabytes'),
  choice('host', 'packages/vzfs/src/full.system.test.ts', 'our own code, on file systems in memory'),
  choice('host', 'packages/vzfs/src/deep.system.test.ts', 'our own code'),
  choice('lab', 'packages/vzfs/src/hostile.system.test.ts', 'what another kernel lets a tenant do'),
  choice('lab', 'packages/vzfs/src/relink/relink.system.test.ts', 'overlayfs of another kernel'),
  choice('lab', 'packages/vzfs/src/relink/relink-property.system.test.ts', 'overlayfs of another kernel'),
  choice('host', 'packages/vzfs/src/relink/relink-cut.system.test.ts', 'our own code'),
  choice('host', 'packages/vzfs/src/relink/rebase-crash.system.test.ts', 'our own order of steps'),
  choice('lab', 'packages/vzfs/src/links/links.system.test.ts', 'attributes and projects of another kernel'),
  choice('lab', 'packages/vzfs/src/relink/worth-sharing.system.test.ts', 'what a link takes on another XFS'),
  choice('lab', 'packages/vzfs/src/relink/own-copies.system.test.ts', 'overlayfs of another kernel'),
  choice('lab', 'packages/vzfs/src/relink/rebase.system.test.ts', 'overlayfs of another kernel'),
  choice('lab', 'packages/vzfs/src/from-area/from-area.system.test.ts', 'overlayfs of another kernel'),
  choice('lab', 'packages/vzfs/src/from-area/from-area-property.system.test.ts', 'overlayfs of another kernel'),
  choice('host', 'packages/vzfs/src/relink/relink-crash.system.test.ts', 'our own order of steps'),
  choice('host', 'tests/system/stacks.test.ts', 'a daemon in the process of the test'),
  choice('lab', 'tests/system/relink.test.ts', 'the host has no quota'),
  choice('lab', 'tests/system/vzfs-mount.test.ts', 'the host has no quota'),
  choice('host', 'packages/vzfs/src/check/aside.system.test.ts', 'our own code'),
  choice('host', 'packages/vzfs/src/collect/collect.system.test.ts', 'our own code'),
  choice('host', 'packages/vzfs/src/collect/crash.system.test.ts', 'our own code, and many processes'),
  choice('host', 'packages/vzfs/src/repair/repair.system.test.ts', 'our own code'),
  choice('lab', 'packages/vzfs/src/measure/measure.system.test.ts', 'what is in RAM, by another kernel'),
  choice('lab', 'packages/vzfs/src/layers.system.test.ts', 'minutes of hashing, but all that VZFS asks of a kernel'),
  choice('lab', 'packages/vzfs/src/copy/copy.system.test.ts', 'all that a copy asks of a kernel'),
  choice('lab', 'packages/vzfs/src/snapshots/snapshots.system.test.ts', 'mostly our own code'),
  choice('test', 'packages/vzfs/src/snapshots/account.system.test.ts', 'the host has no quota'),
  choice('host', 'packages/vzfs/src/snapshots/cut.system.test.ts', 'our own code, killed a hundred times'),
  choice('lab', 'packages/vzfs/src/trash.system.test.ts', 'mostly our own code'),
  choice('host', 'packages/node/src/definitions/build.system.test.ts', NO_MIRROR),
  choice('host', 'packages/node/src/definitions/update.system.test.ts', 'our own order of steps'),
  choice('lab', 'packages/templates/src/scripts/scripts.system.test.ts', 'what another kernel lets a script do'),
  choice('lab', 'packages/templates/src/import/import.system.test.ts', 'tar, on both systems'),
  choice('host', 'packages/templates/src/import/image.system.test.ts', 'skopeo and umoci, which the lab does not have'),
  choice('host', 'packages/templates/src/rpm/build-rpm.system.test.ts', 'dnf and rpmbuild, which the lab does not have'),
  choice('host', 'packages/templates/src/apps/build-app.system.test.ts', NO_MIRROR),
  choice('lab', 'packages/templates/src/tree-cache.system.test.ts', 'tar, on both systems'),
  choice('lab', 'tests/system/life.test.ts', 'two Debians, four minutes; tests/lab/node.test.ts boots one of them'),
  choice(
    'lab',
    'tests/system/limits.test.ts',
    'limits by cgroup v2, of which the conformance tests of packages/kernel/src/cgroup tell first',
  ),
  choice('lab', 'tests/system/snapshots.test.ts', 'mostly our own code'),
  choice('lab', 'tests/system/isolation.test.ts', 'what the kernel allows'),
  choice('lab', 'tests/system/exec.test.ts', 'mostly our own code'),
  choice('lab', 'tests/system/console.test.ts', 'mostly our own code'),
  choice('host', 'tests/system/bad-input.test.ts', 'our own code'),
  choice('lab', 'tests/system/listener.test.ts', 'the same calls on both kernels'),
  choice('lab', 'tests/system/instances.test.ts', 'two instances in one kernel'),
  choice('lab', 'tests/system/leaks.test.ts', 'cgroups, mounts and links that stay'),
  choice('host', 'tests/system/crash.test.ts', 'a hundred kills with all that follows take more than twenty minutes there'),
  choice('lab', 'tests/system/network.test.ts', 'nftables and neighbours of another kernel'),
  choice('host', 'tests/system/apps.test.ts', NO_MIRROR),
  choice('host', 'tests/system/apps-hostile.test.ts', NO_MIRROR),
  choice(
    'host',
    'tests/system/apps-own.test.ts',
    'its builds ask a mirror, and nine Debians boot in it; apps-disk-full.test.ts has what another kernel makes a difference to',
  ),
  choice('lab', 'tests/system/apps-disk-full.test.ts', 'the host has no quota'),
  choice('host', 'tests/system/inits.test.ts', NO_MIRROR),
  choice('host', 'tests/system/rpm.test.ts', 'dnf and rpmbuild, which the lab does not have'),
  choice('host', 'tests/system/software.test.ts', NO_MIRROR),
  choice('host', 'tests/system/updates.test.ts', NO_MIRROR),
  choice('host', 'tests/system/vzfs-stress.test.ts', NO_MIRROR),
  choice('lab', 'tests/system/template-example.test.ts', 'our own code'),
  choice('lab', 'tests/system/volumes.test.ts', 'mounts and quota of a second volume'),
  choice('lab', 'tests/system/vzfs-care.test.ts', 'who pays for pages, by cgroup v2'),
  choice('host', 'tests/system/up.test.ts', "tests/lab/node.test.ts is its counterpart, with systemd's units"),
]

/** The lab's own, which run outside of the machines and drive them. */
export const OWN: readonly Choice[] = [
  choice('lab', 'tests/lab/node.test.ts', 'an installation under systemd: nine minutes'),
  choice('lab', 'tests/lab/machine.test.ts', 'about the lab itself; without it the others would fail too'),
  choice('lab', 'tests/lab/replay.test.ts', 'the host has no device mapper; minutes'),
  choice('lab', 'tests/lab/two-nodes.test.ts', 'two machines need twice the time and the memory'),
]

/** @param whole `./test lab`, not the part of it that is in plain `./test` */
export const chosen = (choices: readonly Choice[], whole: boolean): string[] =>
  choices.filter(({ place }) => place === 'test' || (whole && place === 'lab')).map(({ file }) => file)
