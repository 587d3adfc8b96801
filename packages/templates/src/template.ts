/**
 * OS templates: an operating system with its standard packages, from which VPSs are created. A *definition* says what to build; a
 * *template version* is one immutable build of it, kept as a VZFS layer of the version's name with a manifest beside it.
 */

import type { DebianRecipe } from './debian/recipe.ts'
import type { MicroRecipe } from './micro/recipe.ts'

/** sysvinit: any other that is there. */
export type Init = 'systemd' | 'busybox' | 'sysvinit'

/** How to find out that a VPS has booted: ask systemd for its state, or nothing beyond a running init. */
export type ReadyProbe = 'systemd' | 'none'

/** A plain value: its digest is the digest of everything that goes into a build, but for the packages' versions. */
export interface TemplateDefinition {
  /** "debian-12". */
  readonly name: string
  readonly description: string
  readonly distribution: string
  readonly release: string
  readonly init: Init
  /** Signal that makes init shut the system down: "SIGRTMIN+3". */
  readonly stopSignal: string
  readonly readyProbe: ReadyProbe
  readonly recipe: DebianRecipe | MicroRecipe
}

/** What is kept beside the layer. */
export interface TemplateManifest {
  readonly name: string
  /** `definitionDigest` of what it was built from. */
  readonly definition: string
  readonly description: string
  readonly distribution: string
  readonly release: string
  /** As Debian names it: "amd64". */
  readonly architecture: string
  readonly init: Init
  readonly stopSignal: string
  readonly readyProbe: ReadyProbe
  /** Name to version. */
  readonly packages: Readonly<Record<string, string>>
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
