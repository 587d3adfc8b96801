/**
 * Who may touch the pool when. `shared` is held by whatever adds contents or begins to name some that are there: building a layer, relink, clone,
 * rollback, a snapshot. `exclusive` is held while contents that nobody names are deleted. One process has the volume open, so a gate in
 * memory is enough; a crash leaves at most contents that nobody names.
 *
 * INVARIANTS
 * - Bodies are let in in the order of asking; only neighbours that are all shared run together. So neither kind starves.
 * - For the same reason a body never asks for the gate again: behind one that waits for `exclusive`, both would wait for ever.
 * - Whoever changes a tree of stubs below areas/ID does it in `shared`, and makes, renames or removes something directly in areas/ID or
 *   areas/ID/snapshots before it lets go: the times of these two directories tell a collection which trees it has to read again.
 */

export class PoolGate {
  readonly #waiting: Waiter[] = []
  #inside = 0
  #exclusive = false

  shared<T>(body: () => Promise<T>): Promise<T> {
    return this.#pass(false, body)
  }

  exclusive<T>(body: () => Promise<T>): Promise<T> {
    return this.#pass(true, body)
  }

  async #pass<T>(exclusive: boolean, body: () => Promise<T>): Promise<T> {
    const { promise: turn, resolve: enter } = Promise.withResolvers<void>()
    this.#waiting.push({ exclusive, enter })
    this.#letIn()
    await turn
    try {
      return await body()
    } finally {
      this.#inside -= 1
      if (exclusive) this.#exclusive = false
      this.#letIn()
    }
  }

  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#exclusive || (next.exclusive && this.#inside > 0)) return
      this.#waiting.shift()
      this.#inside += 1
      this.#exclusive = next.exclusive
      next.enter()
    }
  }
}

interface Waiter {
  readonly exclusive: boolean
  readonly enter: () => void
}
