/** Which VPSs are meant, where many can be: the same words in a body, in a query and in options of the command. */

import { z } from 'zod'
import { LABEL_KEY, LABEL_KEY_RULE, LABEL_TERM_RULE, LABEL_VALUE, LABEL_VALUE_RULE, MOST_LABELS, isLabelTerm } from './labels.ts'
import { VPS_NAME_RULE, isVpsName } from './names.ts'
import { TemplateRef, VpsRef } from './scalars.ts'

const LabelKey = z.string().regex(LABEL_KEY, { error: LABEL_KEY_RULE })
const LabelValue = z.string().regex(LABEL_VALUE, { error: LABEL_VALUE_RULE })

export const Labels = z
  .record(LabelKey, LabelValue)
  .refine((labels) => Object.keys(labels).length <= MOST_LABELS, { error: `at most ${MOST_LABELS} labels` })
  .describe('By which VPSs are chosen')

/** Those that are absent stay; null takes one away. */
export const LabelsChange = z.record(LabelKey, LabelValue.nullable())

export const PlanName = z
  .string()
  .max(32)
  .refine(isVpsName, { error: VPS_NAME_RULE })
  .describe('The name of the plan that it has. So far the name alone: it chooses VPSs and sets nothing')

const LabelTerm = z.string().refine(isLabelTerm, { error: LABEL_TERM_RULE })

const template = TemplateRef.optional().describe('Those of an OS template, or of one version of it')
const app = TemplateRef.optional().describe('Those that have an app, or one version of it')
const plan = PlanName.optional().describe('Those of a plan')

/** In a query: all that is given must hold. */
export const chosenBy = {
  template,
  app,
  plan,
  labels: z
    .string()
    .refine((text) => text.split(',').every(isLabelTerm), { error: 'labels such as role=web,paid, with commas between them' })
    .optional()
    .describe('Those with all of these labels, "role=web,paid"; a key alone: whatever its value is'),
}

export const Selection = z
  .strictObject({
    vps: z.array(VpsRef).min(1).max(10_000).optional().describe('Ids or names'),
    template,
    app,
    plan,
    labels: z
      .array(LabelTerm)
      .min(1)
      .max(MOST_LABELS)
      .optional()
      .describe('Those with all of these labels, "role=web"; a key alone: whatever its value is'),
    all: z.literal(true).optional(),
  })
  .refine(isOneOf, {
    error:
      'give one of vps, all, and what they have: template, app, plan and labels, all of which must hold when several are given',
  })
  .describe('Which VPSs')

function isOneOf({ vps, all, ...having }: { readonly vps?: unknown; readonly all?: unknown }): boolean {
  const has = Object.values(having).some((one) => one !== undefined)
  return [vps !== undefined, all !== undefined, has].filter(Boolean).length === 1
}
