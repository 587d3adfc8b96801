/** Where packages come from besides what the node's own package tools use, and who must have signed them. */

import { z } from 'zod'
import { Address, KeyFile } from './words.ts'

const RepositoryName = z
  .string()
  .max(60)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, { error: 'lower-case letters, digits and . _ -: "nodesource"' })

const keys = z
  .array(KeyFile)
  .min(1, { error: 'at least one file of keys: packages that nobody signed are not installed' })
  .max(20)

/** sources.list(5) */
export const AptRepository = z
  .strictObject({
    name: RepositoryName,
    address: Address,
    suites: z
      .array(z.string().regex(/^[\w./+-]+$/))
      .min(1)
      .max(10),
    components: z
      .array(z.string().regex(/^[\w./+-]+$/))
      .max(20)
      .default(['main']),
    keys,
  })
  .meta({ id: 'AptRepository' })
export type AptRepository = z.infer<typeof AptRepository>

/** dnf.conf(5). $releasever and $basearch in addresses are what dnf makes of them. */
export const DnfRepository = z
  .strictObject({
    name: RepositoryName,
    address: Address.optional().describe('Of the repository itself: the directory that repodata lies in'),
    mirrorList: Address.optional().describe('Of a list of such addresses'),
    metalink: Address.optional().describe('Of a list of such addresses with checksums, as Fedora gives it'),
    keys,
    signedMetadata: z.boolean().default(false).describe('The index is signed too (repomd.xml.asc), and has to be'),
  })
  .refine((one) => [one.address, one.mirrorList, one.metalink].filter((each) => each !== undefined).length === 1, {
    error: 'give one of address, mirrorList and metalink',
  })
  .meta({ id: 'DnfRepository' })
export type DnfRepository = z.infer<typeof DnfRepository>
