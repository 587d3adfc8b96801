/** The page cache of the running kernel. */

import { directCalls } from '../libc/direct.ts'
import { SystemCallFailed } from '../libc/libc.ts'
import { PAGE_BYTES, type PageCache } from './page-cache.ts'

const SYS = { mmap: 9, munmap: 11, mincore: 27, fadvise64: 221, cachestat: 451 } as const
const POSIX_FADV_WILLNEED = 3
const POSIX_FADV_DONTNEED = 4
const PROT_READ = 1
const MAP_SHARED = 1
const ENOSYS = 38
/** A seccomp filter that does not know the call. */
const EPERM = 1
/** struct cachestat: five numbers of 64 bits, the first is nr_cache. */
const CACHESTAT_BYTES = 40
/** One call reads no more than the read-ahead of the disk, which is seldom less than this. */
const ASKED = 128 * 1024
/** Mapped at once for mincore(2). */
const WINDOW = 1 << 30

/** @param old as if the kernel were older than 6.5 */
export function realPageCache({ old = false }: { readonly old?: boolean } = {}): PageCache {
  const direct = directCalls()
  const cachestat = direct('long (long number, unsigned int fd, const void *range, _Out_ void *result, unsigned int flags)')
  const fadvise = direct('long (long number, int fd, long offset, long length, int advice)')
  const mmap = direct('long (long number, long address, unsigned long length, int protection, int flags, int fd, long offset)')
  const munmap = direct('long (long number, long address, unsigned long length)')
  const mincore = direct('long (long number, long address, unsigned long length, _Out_ void *vector)')
  let asks = old ? 'mincore' : 'cachestat'

  const byMincore = (fd: number, offset: number, length: number): number => {
    const start = offset - (offset % PAGE_BYTES)
    let pages = 0
    for (let at = start; at < offset + length; at += WINDOW) {
      const part = Math.min(WINDOW, offset + length - at)
      const address = must(mmap(SYS.mmap, 0, part, PROT_READ, MAP_SHARED, fd, at), 'mmap')
      try {
        const vector = Buffer.alloc(Math.ceil(part / PAGE_BYTES))
        must(mincore(SYS.mincore, address, part, vector), 'mincore')
        for (const page of vector) pages += page & 1
      } finally {
        must(munmap(SYS.munmap, address, part), 'munmap')
      }
    }
    return pages
  }

  return {
    residentPages(fd, offset, length) {
      // A length of 0 means "to the end" to cachestat, and an error to mmap.
      if (length === 0) return 0
      if (asks === 'mincore') return byMincore(fd, offset, length)
      const result = Buffer.alloc(CACHESTAT_BYTES)
      const said = cachestat(SYS.cachestat, fd, numbers(offset, length), result, 0)
      if (said === -ENOSYS || said === -EPERM) {
        asks = 'mincore'
        return byMincore(fd, offset, length)
      }
      must(said, 'cachestat')
      return Number(result.readBigUInt64LE())
    },
    readAhead(fd, offset, length) {
      for (let at = offset; at < offset + length; at += ASKED) {
        const part = Math.min(ASKED, offset + length - at)
        must(fadvise(SYS.fadvise64, fd, at, part, POSIX_FADV_WILLNEED), 'posix_fadvise(WILLNEED)')
      }
    },
    letGo(fd) {
      must(fadvise(SYS.fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED), 'posix_fadvise(DONTNEED)')
    },
  }
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), index * 8)
  return bytes
}

function must(result: number, what: string): number {
  // The upper half of the address space is the kernel's: what mmap gives is never negative.
  if (result < 0) throw new SystemCallFailed(what, -result)
  return result
}
