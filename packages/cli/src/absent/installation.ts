/** Where one installation is looked at. */

import type { Finding } from '@insula/contract/light'
import { type InstancePlaces, instancePlaces } from '@insula/contract/paths'

export interface Installation {
  readonly instance: string
  readonly places: InstancePlaces
  /** /proc of the machine, and the directory that systemd has where it is PID 1. */
  readonly proc: string
  readonly systemd: string
}

export const installationOf = (instance: string): Installation => ({
  instance,
  places: instancePlaces(instance),
  proc: '/proc',
  systemd: '/run/systemd',
})

export function finding(severity: Finding['severity'], subject: string, message: string, remedy: string | null = null): Finding {
  return { severity, subject, message, remedy, repairable: false }
}
