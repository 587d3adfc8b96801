/** Small values that many requests share. */

import { z } from 'zod'
import {
  HOSTNAME_RULE,
  TEMPLATE_REF,
  TEMPLATE_RULE,
  VOLUME_NAME_RULE,
  VPS_NAME_RULE,
  isHostname,
  isVolumeName,
  isVpsId,
  isVpsName,
} from './names.ts'

export const VpsName = z
  .string()
  .max(32)
  .refine(isVpsName, { error: VPS_NAME_RULE })
  .meta({ id: 'VpsName', description: VPS_NAME_RULE })

const noVps = ({ input }: { readonly input?: unknown }): string =>
  `there can be no VPS "${String(input).slice(0, 64)}": the name of one has ${VPS_NAME_RULE}; its id is 1 to 999999999`

/** Id or name. */
export const VpsRef = z
  .string()
  .max(32, { error: noVps, abort: true })
  .refine((text) => isVpsName(text) || isVpsId(text), { error: noVps })
  .meta({ id: 'VpsRef', description: 'Id or name of a VPS' })

export const VpsId = z.int().min(1).max(999_999_999)

export const VolumeName = z
  .string()
  .refine(isVolumeName, { error: VOLUME_NAME_RULE })
  .meta({ id: 'VolumeName', description: VOLUME_NAME_RULE })

export const Hostname = z
  .string()
  .min(1)
  .max(64)
  .refine(isHostname, { error: HOSTNAME_RULE })
  .meta({ id: 'Hostname', description: HOSTNAME_RULE })

export const Ipv4 = z.ipv4({ error: 'an IPv4 address such as 10.0.0.7' })

/** "auto" takes the next free address of the node's pool. */
export const AddressWish = z.union([z.literal('auto'), Ipv4], { error: 'an IPv4 address such as 10.0.0.7, or "auto"' })

export const Dns = z.union([z.ipv4(), z.ipv6()], { error: 'the IPv4 or IPv6 address of a DNS server' })

export const TemplateRef = z
  .string()
  .max(100)
  .regex(TEMPLATE_REF, { error: ({ input }) => `${TEMPLATE_RULE}, not "${String(input)}"` })

export const TemplateName = z
  .string()
  .max(41)
  .regex(/^[a-z][a-z0-9.-]{0,40}$/, { error: 'a template name such as "debian-12"' })

export const Moment = z.iso.datetime()

/** A switch in a query string. */
export const QueryFlag = z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], case: 'sensitive' })

/** How long a request that starts a task waits for its end. */
export const Wait = z.strictObject({
  wait: z.coerce.number<number>().min(0).max(600).optional().describe('Seconds to wait for the task to end'),
})
