/** The body of every refusal. */

import { z } from 'zod'
import { errors } from './errors.ts'

export const ApiError = z
  .object({
    code: z.enum(Object.keys(errors) as [keyof typeof errors, ...(keyof typeof errors)[]]),
    message: z.string().describe('What was being done, to what, and why it failed'),
    remedy: z.string().optional().describe('What to do about it'),
    details: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('Each field that was refused'),
  })
  .meta({ id: 'ApiError' })
export type ApiError = z.infer<typeof ApiError>

export const ErrorBody = z.object({ error: ApiError }).meta({ id: 'ErrorBody' })
export type ErrorBody = z.infer<typeof ErrorBody>
