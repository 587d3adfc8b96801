/**
 * How many threads of a job are still loading, shared by all of them. A thread may not be ended while it loads: the library that calls the kernel takes
 * the whole process down if that happens while it declares its functions.
 */

const LOADING = 0
const STOPPED = 1

/** Handed to threads as it is. */
export type StartUps = Int32Array<SharedArrayBuffer>

export const startUps = (): StartUps => new Int32Array(new SharedArrayBuffer(8))

/** To be called before a thread is started. False: none may be started any more. */
export function beginLoading(counts: StartUps): boolean {
  Atomics.add(counts, LOADING, 1)
  if (Atomics.load(counts, STOPPED) === 0) return true
  endLoading(counts)
  return false
}

/** To be called by the thread, once all that it imports is there. */
export function endLoading(counts: StartUps): void {
  Atomics.sub(counts, LOADING, 1)
  Atomics.notify(counts, LOADING)
}

export async function loaded(counts: StartUps): Promise<void> {
  for (let loading = Atomics.load(counts, LOADING); loading > 0; loading = Atomics.load(counts, LOADING))
    await Atomics.waitAsync(counts, LOADING, loading).value
}

/** Resolves when every thread of the job can be ended; no other is started from now on. */
export function stopped(counts: StartUps): Promise<void> {
  Atomics.store(counts, STOPPED, 1)
  return loaded(counts)
}
