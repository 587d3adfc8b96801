/** What the supervisor kept for us or opened for us: descriptors 3 and on, by name. sd_listen_fds_with_names(3). */

import { directCalls } from '../libc/direct.ts'

const FIRST = 3
const SYS_FCNTL = 72
const F_SETFD = 2
const FD_CLOEXEC = 1
/** What systemd calls a descriptor that has no name. */
const NAMELESS = 'unknown'

/**
 * Each descriptor is the caller's from here on. To be called once, before any other process is started: until then they would be inherited.
 * LISTEN_PID may be absent: a supervisor that does not fork itself cannot know it.
 */
export function inheritedDescriptors(env: NodeJS.ProcessEnv = process.env): Map<string, number> {
  const { LISTEN_FDS: count, LISTEN_FDNAMES: names, LISTEN_PID: pid } = env
  for (const name of ['LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PID']) delete env[name]
  const inherited = new Map<string, number>()
  if (!/^\d{1,5}$/.test(count ?? '') || (pid !== undefined && Number(pid) !== process.pid)) return inherited
  const fcntl = directCalls()('long (long number, int fd, int operation, long argument)')
  const name = names === undefined ? [] : names.split(':')
  for (let index = 0; index < Number(count); index++) {
    const fd = FIRST + index
    // Not open: EBADF.
    if (fcntl(SYS_FCNTL, fd, F_SETFD, FD_CLOEXEC) === 0) inherited.set(name[index] ?? NAMELESS, fd)
  }
  return inherited
}
