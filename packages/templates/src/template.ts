/**
 * OS templates: an operating system with its standard packages, from which VPSs are created. A *definition* says what to build; a
 * *template version* is one immutable build of it, kept as a VZFS layer of the version's name with a manifest beside it.
 */

import type { OsDefinition } from '@insula/contract'
import type { Package } from './package.ts'

export type Init = OsDefinition['init']['kind']

/** How to find out that a VPS has booted: ask systemd for its state, nothing beyond a running init, or whether a file is there. */
export type ReadyProbe = OsDefinition['init']['ready']

/** What installs packages inside of it. */
export type PackageManager = 'apt' | 'dnf' | 'none'

/** A definition with everything that it consists of. */
export interface TemplateSource {
  /** "debian-12". */
  readonly name: string
  readonly definition: OsDefinition
  /** Contents of the files that the definition names, by the names that it gives them. */
  readonly contents: Readonly<Record<string, Uint8Array>>
}

/** Where its packages came from. */
export interface PackageSource {
  /** Of the file that names it in the system's apt, without its ending; absent for Debian's own archives. */
  readonly name?: string
  readonly address: string
  readonly suites: readonly string[]
}

/** What is kept beside the layer. */
export interface TemplateManifest {
  readonly name: string
  /** `definitionDigest` of what it was built from. */
  readonly definition: string
  readonly description: string
  readonly family: string
  readonly distribution: string
  readonly release: string
  /** As Debian names it: "amd64". */
  readonly architecture: string
  readonly init: Init
  readonly initPath: string
  /** Signal that makes init shut the system down: "SIGRTMIN+3". */
  readonly stopSignal: string
  readonly readyProbe: ReadyProbe
  readonly packageManager: PackageManager
  readonly sources: readonly PackageSource[]
  /** By name. */
  readonly packages: readonly Package[]
}

/** One template version. */
export interface Template extends TemplateManifest {
  /** "2026-11-23.1" */
  readonly version: string
  /** "debian-12@2026-11-23.1": also the name of its layer. */
  readonly ref: string
  readonly files: number
  readonly bytes: number
  readonly builtAt: string
}

export interface BuildProgress {
  /** What is being done, for people. */
  readonly step: string
  /** Per cent. */
  readonly done: number
}
