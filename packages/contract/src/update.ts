/** Updates of the system: a VPS gets the packages of a later version of its OS template. */

import { z } from 'zod'
import { many } from './app.ts'
import { UPDATE_POLICY, UPDATE_POLICY_RULE } from './update-policy.ts'

export const UpdatePolicy = z
  .string()
  .regex(UPDATE_POLICY, { error: UPDATE_POLICY_RULE })
  .describe('When it is updated by itself: never (pinned), as soon as there is something (follow), or within these hours')

export const UpdateStatus = z
  .object({
    vps: z.int(),
    name: z.string(),
    policy: z.string(),
    at: z.string().describe('The version of its OS template that it has the packages of'),
    latest: z.string(),
    packages: z.int().describe('So many are others in the latest version; 0: nothing waits'),
  })
  .meta({ id: 'UpdateStatus' })
export type UpdateStatus = z.infer<typeof UpdateStatus>

export const UpdateApply = z.strictObject(many).meta({ id: 'UpdateApply' })
export type UpdateApply = z.input<typeof UpdateApply>
