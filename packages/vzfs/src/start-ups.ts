/**
 * What the threads of a job share: how many of them are still loading, and whether the job may be stopped. A thread may not be ended while it loads: the
 * library that calls the kernel takes the whole process down if that happens while it declares its functions.
 */

const LOADING = 0
const STATE = 1

const WORKING = 0
const STOPPED = 1
const DECIDED = 2

/** Handed to threads as it is. */
export type StartUps = Int32Array<SharedArrayBuffer>

export const startUps = (): StartUps => new Int32Array(new SharedArrayBuffer(8))

/** To be called before a thread is started. False: none may be started any more. */
export function beginLoading(counts: StartUps): boolean {
  Atomics.add(counts, LOADING, 1)
  if (Atomics.load(counts, STATE) !== STOPPED) return true
  endLoading(counts)
  return false
}

/** To be called by the thread, once all that it imports is there. */
export function endLoading(counts: StartUps): void {
  Atomics.sub(counts, LOADING, 1)
  Atomics.notify(counts, LOADING)
}

/** Of one thread, so that who started it can count it when it ended before it had loaded. */
export type StartUp = Int32Array<SharedArrayBuffer>

export const startUp = (): StartUp => new Int32Array(new SharedArrayBuffer(4))

/** As `endLoading`, by the thread and by who started it; counts once. */
export function endOwnLoading(counts: StartUps, own: StartUp): void {
  if (Atomics.exchange(own, 0, 1) === 0) endLoading(counts)
}

export async function loaded(counts: StartUps): Promise<void> {
  for (let loading = Atomics.load(counts, LOADING); loading > 0; loading = Atomics.load(counts, LOADING))
    await Atomics.waitAsync(counts, LOADING, loading).value
}

/** False: it is being stopped. Otherwise it is not from now on, and will be done to its end. */
export const decide = (counts: StartUps): boolean => Atomics.compareExchange(counts, STATE, WORKING, DECIDED) !== STOPPED

/** False: it has decided. Otherwise no other thread is started from now on. */
export const stop = (counts: StartUps): boolean => Atomics.compareExchange(counts, STATE, WORKING, STOPPED) !== DECIDED

/** Another job of the same threads. */
export const work = (counts: StartUps): void => void Atomics.store(counts, STATE, WORKING)
