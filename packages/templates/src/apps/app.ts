/**
 * Application templates (apps): packages with what makes them useful, added to VPSs that exist. An *app version* is one immutable build of
 * a definition: for each OS template that it fits, the packages that an installation needs besides what that template has, pinned. It is
 * kept as a VZFS layer of the version's name, so that packages lie in the pool like everything else.
 */

export type AppPhase = 'pre-install' | 'post-install' | 'pre-upgrade' | 'post-upgrade' | 'pre-remove' | 'post-remove'

export interface AppScript {
  readonly phase: AppPhase
  /** For people: "scripts/setup.sh". */
  readonly name: string
  readonly contents: string
  /** It is killed with all that it started after so long. */
  readonly seconds: number
}

export interface AppParameter {
  readonly type: 'text' | 'number' | 'port' | 'boolean' | 'path' | 'choice' | 'secret'
  readonly about: string
  readonly default?: string | number | boolean | undefined
  readonly choices?: readonly string[] | undefined
  /** Of a secret: so many characters, made when none is given. */
  readonly generate?: number | undefined
}

export interface AppHealth {
  /** Runs inside; 0 is well. */
  readonly command: readonly string[]
  readonly attempts: number
  readonly everySeconds: number
  readonly seconds: number
}

/** What of a definition is needed to add, upgrade and remove it: an app version does not change when its definition does. */
export interface AppWays {
  readonly name: string
  readonly description: string
  /** Other apps, which are added before. */
  readonly needs: readonly string[]
  readonly parameters: Readonly<Record<string, AppParameter>>
  readonly scripts: readonly AppScript[]
  readonly health: AppHealth | null
  /** It is not an app, but what brings VPSs to this version of an OS template; see updates.ts. */
  readonly updates?: string
}

/** One package of a version. */
export interface AppPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly sha256: string
  readonly size: number
  /** In the directory of its system. */
  readonly file: string
}

/** A version on one OS template. */
export interface AppOnSystem {
  /** Name of the OS template; also of the directory in the layer. */
  readonly os: string
  /** The versions of it that were looked at. */
  readonly builtFor: readonly string[]
  /** What is asked of the package manager; the rest comes with it. */
  readonly wanted: readonly { readonly name: string; readonly version: string }[]
  readonly packages: readonly AppPackage[]
  /** Whose packages they are; Debian's when absent. */
  readonly packageManager?: 'dnf'
}

export interface AppManifest extends AppWays {
  readonly kind: 'app'
  /** Digest of the definition. */
  readonly definition: string
  /** "1.22.1-9+deb12u1": of what people call the version of the application; null when it has none of its own. */
  readonly application: string | null
  readonly systems: readonly AppOnSystem[]
}

/** One app version. */
export interface App extends AppManifest {
  /** "2026-11-26.1" */
  readonly version: string
  /** "nginx@2026-11-26.1": also the name of its layer. */
  readonly ref: string
  readonly bytes: number
  readonly builtAt: string
}

/** An archive besides those that the OS template uses. */
export interface AppArchive {
  readonly name: string
  readonly address: string
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** Key files as they are, ASCII armoured or not. */
  readonly keys: readonly Uint8Array[]
}

/** What a definition says for one OS template. */
export interface AppWants {
  readonly packages: readonly string[]
  readonly archives: readonly AppArchive[]
  readonly mainPackage: string | null
}

/** A definition, read: a plain value. */
export interface AppSource extends AppWays {
  /** Digest of the definition. */
  readonly digest: string
  /** null when it does not fit. */
  wants(os: { readonly name: string; readonly family: string; readonly ref: string }): AppWants | null
}
