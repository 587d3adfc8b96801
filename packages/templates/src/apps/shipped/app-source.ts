/** A definition of an app in its shortest form. */

import { hash } from 'node:crypto'
import type { AppParameter, AppScript, AppSource, AppWants, AppWays } from '../app.ts'

export interface ShippedApp extends Partial<Pick<AppWays, 'needs'>>, Pick<AppWays, 'name' | 'description' | 'health'> {
  /** By family of OS templates. */
  readonly families: Readonly<Record<string, { readonly packages: readonly string[]; readonly mainPackage?: string }>>
  readonly parameters: Readonly<Record<string, AppParameter>>
  readonly scripts: readonly AppScript[]
}

export function appSource(app: ShippedApp): AppSource {
  const { families, needs = [], ...ways } = app
  return {
    ...ways,
    needs,
    digest: hash('sha256', JSON.stringify(app)),
    wants({ family }): AppWants | null {
      const found = families[family]
      return found ? { packages: found.packages, archives: [], mainPackage: found.mainPackage ?? null } : null
    },
  }
}
