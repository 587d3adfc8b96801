/** What runs inside the VPSs of a pretended machine: their inits, and commands for exec. */

import { constants } from 'node:os'
import type { FakeProgram, FakePrograms, HowItEnds } from '@insula/kernel/fakes'

export interface FakeInit {
  /** Written to the console when it begins. */
  readonly says?: string
  /** It is not there at all. */
  readonly missing?: boolean
  /** It ends by itself as soon as it has begun. */
  readonly endsAtOnce?: HowItEnds
  /** Called when it begins. What this throws ends it. */
  readonly begins?: () => void
  /** Acts on no signal but SIGKILL. */
  readonly stubborn?: boolean
}

/** @param inits by VPS id, looked at when something happens; @param commands by argv[0], besides true, false, echo and cat */
export function programsOf(inits: ReadonlyMap<string, FakeInit>, commands: Readonly<Record<string, FakeProgram>>): FakePrograms {
  return (id, [name = '']) => {
    if (name !== '/sbin/init') return commands[name] ?? COMMANDS[name] ?? null
    return inits.get(id)?.missing === true ? null : initOf(() => inits.get(id) ?? {})
  }
}

const initOf =
  (behaviour: () => FakeInit): FakeProgram =>
  async ({ write, onSignal }) => {
    const { promise: poweredOff, resolve } = Promise.withResolvers<{ signal: number }>()
    // reboot(2) inside, as an init that obeys does at last, ends it so.
    onSignal(() => behaviour().stubborn === true || resolve({ signal: constants.signals.SIGINT }))
    const { says, endsAtOnce, begins } = behaviour()
    begins?.()
    if (says !== undefined) await write('stdout', Buffer.from(says))
    return endsAtOnce ?? poweredOff
  }

const COMMANDS: Readonly<Record<string, FakeProgram>> = {
  true: async () => ({ code: 0 }),
  false: async () => ({ code: 1 }),
  async echo({ argv, write }) {
    await write('stdout', Buffer.from(`${argv.slice(1).join(' ')}\n`))
    return { code: 0 }
  },
  async cat({ readAll, write }) {
    await write('stdout', await readAll())
    return { code: 0 }
  },
}
