/**
 * What of a file lies in RAM, and bringing it there. Synchronous, for worker threads. Pages that are read are charged to the cgroup of the process that
 * has them read first.
 */

export const PAGE_BYTES = 4096

export interface PageCache {
  /** How many pages of this part of an open file are in RAM. cachestat(2), on kernels before 6.5 mincore(2) */
  residentPages(fd: number, offset: number, length: number): number
  /** Has this part read, and returns before all of it is there. posix_fadvise(2) */
  readAhead(fd: number, offset: number, length: number): void
  /** Lets go of pages that are clean and that nobody has mapped. posix_fadvise(2) */
  letGo(fd: number): void
}
