/**
 * A way into a group's v1 hierarchies for a process that does not exist yet. Between fork and exec nothing of ours can run, and a process that
 * is moved from outside may have forked before. So a process joins by itself, with the first instructions that it runs, and then becomes
 * what it shall be. Perl's interpreter is the smallest of those that every Debian has (perl-base is essential): it costs 1 to 2 ms.
 */

import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { CANNOT_JOIN, type CgroupDoor } from './cgroup.ts'
import { openTasks } from './enter.ts'
import type { Hierarchies } from './hierarchies.ts'

/**
 * Writes "0" ("me") to each of the descriptors from 3 on, as many as the first argument says, and becomes the rest.
 * "tasks", not "cgroup.procs": for the writer's own thread the kernel takes no global lock.
 */
const JOIN = `
  for my $fd (3 .. 2 + shift) {
    my $tasks;
    open($tasks, '>&=', $fd) && syswrite($tasks, '0') && close($tasks) or fail('cannot join its cgroup');
  }
  exec { $ARGV[0] } @ARGV or fail("cannot run $ARGV[0]");
  sub fail { print STDERR "@_: $!\\n"; exit ${CANNOT_JOIN} }
`

export function doorV1({ v1 }: Hierarchies, path: string): CgroupDoor {
  const descriptors: number[] = []
  const close = (): void => descriptors.splice(0).forEach((fd) => closeSync(fd))
  try {
    for (const root of new Set(v1.values())) descriptors.push(openTasks(join(root, path), path))
  } catch (error) {
    close()
    throw error
  }
  const count = `${descriptors.length}`
  return { descriptors, through: (argv) => ['perl', '-e', JOIN, '--', count, ...argv], [Symbol.dispose]: close }
}
