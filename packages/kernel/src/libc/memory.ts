/**
 * Gives freed memory back to the kernel. What a thread allocated and freed stays with its arena of libc's allocator, also after the thread has
 * ended: a daemon that hashed a template would keep a hundred megabytes for nothing. malloc_trim(3)
 */

import koffi from 'koffi'

const SOON_MS = 500
const trim = koffi.load('libc.so.6').func('int malloc_trim(size_t pad)')
let due: NodeJS.Timeout | null = null

/** A moment later, once for all who ask until then, in a thread of its own. */
export function giveBackMemory(): void {
  due ??= setTimeout(() => {
    due = null
    trim.async(0, () => undefined)
  }, SOON_MS).unref()
}
