/** Application templates (apps): packages with what makes them useful, added to VPSs that exist. */

import { z } from 'zod'
import { Moment, TemplateName, TemplateRef } from './scalars.ts'
import { Selection } from './selection.ts'

export const APP_STATES = ['adding', 'pending', 'ready', 'failed', 'upgrading', 'removing'] as const

/** One app of a VPS. */
export const VpsApp = z
  .object({
    name: z.string().describe('"nginx"'),
    ref: z.string().describe('Its version, "nginx@2026-11-26.1"'),
    how: z.enum(['packages', 'layer']).describe('Whether its files are private or in a shared layer'),
    state: z
      .enum(APP_STATES)
      .describe(
        '"pending": it is configured once the VPS has booted; "failed": that went wrong. Others than these and "ready": it was cut off or failed; the same command again finishes it',
      ),
    problem: z.string().nullable().describe('Why it could not be configured, upgraded or removed'),
    parameters: z.record(z.string(), z.string()).describe('But for secrets'),
    since: Moment,
  })
  .meta({ id: 'VpsApp' })
export type VpsApp = z.infer<typeof VpsApp>

export const App = z
  .object({
    name: z.string(),
    version: z.string(),
    ref: z.string(),
    description: z.string(),
    application: z.string().nullable().describe('The version of the application itself, "1.22.1-9"'),
    needs: z.array(z.string()),
    parameters: z.record(
      z.string(),
      z.object({ type: z.string(), about: z.string(), default: z.string().nullable(), secret: z.boolean() }),
    ),
    systems: z.array(
      z.object({
        os: z.string(),
        version: z.string().nullable().describe('Of its first package there'),
        packages: z.int(),
        bytes: z.int(),
      }),
    ),
    bytes: z.int(),
    builtAt: Moment,
    latest: z.boolean(),
    usedBy: z.array(z.int()).describe('Ids of VPSs'),
  })
  .meta({ id: 'App' })
export type App = z.infer<typeof App>

const parameters = z.record(z.string().max(41), z.string().max(1000)).default({})

/** An app that a VPS is created with. */
export const AppWish = z.strictObject({ app: TemplateRef, parameters }).meta({ id: 'AppWish' })
export type AppWish = z.input<typeof AppWish>

export const many = {
  select: Selection,
  parallel: z.int().min(1).max(64).default(4),
  stopAfter: z.int().min(1).max(10_000).optional().describe('After so many failures the others are not tried'),
  canary: z.int().min(1).max(1_000).optional().describe('So many are done first; one that fails stops the others'),
  dryRun: z.boolean().default(false),
}

export const AppAdd = z.strictObject({ app: TemplateRef, parameters, ...many }).meta({ id: 'AppAdd' })
export type AppAdd = z.input<typeof AppAdd>
export const AppUpgrade = z.strictObject({ app: TemplateRef, parameters, ...many }).meta({ id: 'AppUpgrade' })
export type AppUpgrade = z.input<typeof AppUpgrade>
export const AppRemove = z
  .strictObject({ app: TemplateName, purge: z.boolean().default(false).describe('Its configuration and data too'), ...many })
  .meta({ id: 'AppRemove' })
export type AppRemove = z.input<typeof AppRemove>

/** What a task on apps ends with. */
export interface AppResult {
  readonly app: string
  readonly vps: readonly {
    readonly vps: number
    readonly name: string
    /** done; is so already (or would be done, of a dry run); failed; not tried. */
    readonly outcome: 'done' | 'unchanged' | 'planned' | 'failed' | 'untried'
    readonly message: string | null
  }[]
}

export const TemplateUsage = z.object({
  usage: z.array(
    z.object({
      ref: z.string(),
      kind: z.enum(['os', 'app']),
      latest: z.boolean(),
      vps: z.array(z.object({ id: z.int(), name: z.string() })),
    }),
  ),
})
export type TemplateUsage = z.infer<typeof TemplateUsage>

export const TaskSecrets = z.object({
  secrets: z.array(z.object({ vps: z.string(), values: z.record(z.string(), z.string()) })),
})
export type TaskSecrets = z.infer<typeof TaskSecrets>
