/** InNetworkOf of a pretended machine. */

import type { FakeMachine } from '../machine/machine.ts'
import { living } from '../machine/machine.ts'
import type { InNetworkOf } from './netns.ts'

export const fakeInNetworkOf =
  (machine: FakeMachine): InNetworkOf =>
  (pid, start) =>
    machine.inNetwork(living(machine, pid).network, start)
