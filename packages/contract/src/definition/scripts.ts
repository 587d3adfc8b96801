/** Scripts of a template: when, where, how long. */

import { z } from 'zod'
import { OwnFile } from './words.ts'

export const PHASES = [
  'pre-cache',
  'post-cache',
  'pre-install',
  'post-install',
  'pre-upgrade',
  'post-upgrade',
  'pre-remove',
  'post-remove',
] as const
export type Phase = (typeof PHASES)[number]

/** In the order in which they run while an OS template is built. The others are of apps only. */
export const OS_PHASES = ['pre-cache', 'pre-install', 'post-install', 'post-cache'] as const satisfies readonly Phase[]

/** On the host there is nothing of a VPS yet, or not any more. */
export const HOST_ONLY = ['pre-cache', 'post-cache'] as const satisfies readonly Phase[]

export const DEFAULT_SECONDS = 300

export const Script = z
  .strictObject({
    phase: z.enum(PHASES),
    where: z.enum(['host', 'vps']).describe('vps: in the system itself, as its root; host: beside it, confined, as nobody'),
    run: OwnFile.describe('The script, beside template.yaml; its first line says what runs it: "#!/bin/sh"'),
    seconds: z.int().min(1).max(3600).default(DEFAULT_SECONDS).describe('It is killed with all that it started after so long'),
    network: z.boolean().default(false).describe('Whether it reaches the network'),
  })
  .meta({ id: 'TemplateScript' })
export type Script = z.infer<typeof Script>
