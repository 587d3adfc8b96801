/** One at a time, in the order of asking. */

export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs body when all earlier bodies have ended, however they ended. */
  run<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#last.then(body, body)
    this.#last = result
    // The caller handles the failure of its own body; the queue only waits.
    result.catch(() => {})
    return result
  }
}
