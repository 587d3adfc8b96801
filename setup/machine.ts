/** Setup's composition root: the drivers it needs, on the running kernel. */

import { existsSync } from 'node:fs'
import {
  type HostProbe,
  type Links,
  type ProcessRunner,
  realHostProbe,
  realLinks,
  realPrivateMounts,
  realProcessRunner,
  realUserNamespaces,
  realVolumes,
  type Volumes,
} from '@insula/kernel'

export interface Machine {
  readonly runner: ProcessRunner
  readonly probe: HostProbe
  readonly links: Links
  readonly volumes: Volumes
  /** systemd is PID 1, sd_booted(3). */
  readonly systemd: boolean
}

export function realMachine(): Machine {
  const runner = realProcessRunner()
  return {
    runner,
    probe: realHostProbe(runner),
    links: realLinks(),
    volumes: realVolumes({ runner, mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() }),
    systemd: existsSync('/run/systemd/system'),
  }
}
