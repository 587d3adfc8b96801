/** Served files of a pretended machine: they can be mounted, and nobody reads them. */

import type { FakeMachine } from '../machine/machine.ts'
import type { PrivateMounts } from '../mounts/mounts.ts'
import type { MakeServedFile } from './served-file.ts'

const PLACE = '/run/served-file'

export function fakeServedFile(machine: FakeMachine, mounts: PrivateMounts): MakeServedFile {
  return (name) => {
    machine.writeFile(PLACE, name)
    return { connection: machine.nextDescriptor(), mount: mounts.clone(PLACE) }
  }
}
