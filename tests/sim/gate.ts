/**
 * Stands between a daemon and everything below it, and can cut the daemon off as SIGKILL would: at its n-th call, before or after that has taken
 * effect, and from then on for good. A call that was cut off never comes back.
 */

export interface Gate {
  wrap<T extends object>(name: string, target: T): T
  /** Resolves when the daemon was cut off, with the call at which it was. */
  readonly cut: Promise<string>
  /** Calls count from now on. */
  arm(at: number, when: 'before' | 'after'): void
  /** Cuts it off now. */
  close(): void
  /** Calls that hang end with an error, so that the process under test can be taken apart. */
  release(): void
}

export function openGate(): Gate {
  const cut = Promise.withResolvers<string>()
  const hanging = Promise.withResolvers<never>()
  hanging.promise.catch(() => undefined)
  let closed = false
  let left = Infinity
  let when: 'before' | 'after' = 'before'

  const pass = async (name: string, call: () => unknown): Promise<unknown> => {
    if (closed) return hanging.promise
    left -= 1
    const last = left === 0
    // One that is refused has had its effect too.
    if (last && when === 'after') await (async () => call())().catch(() => undefined)
    if (!last) {
      const answer = await call()
      return closed ? hanging.promise : answer
    }
    closed = true
    cut.resolve(name)
    return hanging.promise
  }
  return {
    cut: cut.promise,
    wrap: (name, target) =>
      new Proxy(target, {
        get(object, property) {
          const value = Reflect.get(object, property) as unknown
          if (typeof value !== 'function') return value
          const method = (...args: unknown[]): unknown => Reflect.apply(value, object, args)
          if (property === 'onExit')
            return (listener: (report: unknown) => void) => method((report: unknown) => !closed && listener(report))
          return (...args: unknown[]) => pass(`${name}.${String(property)}`, () => method(...args))
        },
      }),
    arm(at, moment) {
      left = at
      when = moment
    },
    close() {
      closed = true
      cut.resolve('nowhere')
    },
    release: () => hanging.reject(new Error('the daemon was cut off')),
  }
}
