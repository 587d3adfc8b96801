/** The apps of this node as the daemon sees them. */

import type { App } from '@insula/templates'
import type { BuildOptions } from '../template-shelf.ts'

export interface AppShelf {
  /** All versions of all apps, oldest first within a name. */
  list(): Promise<App[]>
  build(name: string, options: BuildOptions): Promise<App>
  /** What is no app, but brings VPSs to a version of their OS template. Oldest first within a name. */
  updates(): Promise<App[]>
  /** @param target a version of an OS template @param before earlier ones of the same */
  buildUpdates(target: string, before: readonly string[], options: BuildOptions): Promise<App>
  remove(ref: string): Promise<void>
  /** Where the contents of a file of a version lie. */
  contents(ref: string, path: string): Promise<string | null>
}
