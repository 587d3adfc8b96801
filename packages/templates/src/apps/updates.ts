/**
 * Updates of an OS template: the packages that a later version of it has in place of an earlier one's. They are kept as an app version is, because what
 * is done with them is the same: packages that the node has verified, given to a VPS's own package manager.
 */

import { hash } from 'node:crypto'
import type { Template } from '../template.ts'
import type { App } from './app.ts'
import { type AppBuildNeed, type AppSystem, buildApp } from './build-app.ts'

/** A version of it is named after this, "debian-12-updates@2026-11-27.1". */
export const updatesName = (template: string): string => `${template}-updates`

export type UpdateNeed = Omit<AppBuildNeed, 'systems'>

/** @param before earlier versions of the same template @throws as `buildApp` */
export function buildUpdates(target: Template, before: readonly Template[], need: UpdateNeed): Promise<App> {
  const differs = new Map(before.map((one) => [one.ref, updatesBetween(one, target)]))
  const systems = before.filter(({ ref }) => (differs.get(ref)?.length ?? 0) > 0)
  return buildApp(
    {
      name: updatesName(target.name),
      description: `Packages that ${target.ref} has later than versions before it`,
      digest: hash('sha256', `${target.ref} ${target.definition}`),
      needs: [],
      parameters: {},
      scripts: [],
      health: null,
      updates: target.ref,
      wants: ({ ref }: AppSystem) => ({
        packages: (differs.get(ref) ?? []).map(({ name, version }) => `${name}=${version}`),
        archives: [],
        mainPackage: null,
      }),
    },
    { ...need, systems },
  )
}

/** Packages that both have, in the target's versions. What only one of them has is not for others to decide. */
export function updatesBetween(
  { packages }: Pick<Template, 'packages'>,
  target: Pick<Template, 'packages'>,
): { readonly name: string; readonly version: string }[] {
  const had = new Map(packages.map(({ name, version }) => [name, version]))
  return target.packages.filter(({ name, version }) => had.has(name) && had.get(name) !== version)
}
