/** A page cache in memory, for files that really exist: their length counts, and who asks for a part has it. */

import { fstatSync } from 'node:fs'
import { PAGE_BYTES, type PageCache } from './page-cache.ts'

export function fakePageCache(): PageCache {
  const resident = new Map<number, Set<number>>()
  const pagesOf = (fd: number): Set<number> => {
    const { ino } = fstatSync(fd)
    const pages = resident.get(ino) ?? new Set()
    resident.set(ino, pages)
    return pages
  }
  const within = (fd: number, offset: number, length: number): number[] => {
    const end = Math.min(offset + length, fstatSync(fd).size)
    const first = Math.floor(offset / PAGE_BYTES)
    return Array.from({ length: Math.max(0, Math.ceil(end / PAGE_BYTES) - first) }, (_, index) => first + index)
  }
  return {
    residentPages(fd, offset, length) {
      const pages = pagesOf(fd)
      return within(fd, offset, length).filter((page) => pages.has(page)).length
    },
    readAhead(fd, offset, length) {
      for (const page of within(fd, offset, length)) pagesOf(fd).add(page)
    },
    letGo: (fd) => pagesOf(fd).clear(),
  }
}
