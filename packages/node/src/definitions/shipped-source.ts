/** A definition that comes with Insula, for whoever builds trees without a node: tests, and the lab. */

import { shippedDefinitions, type TemplateSource } from '@insula/templates'
import { osSource } from './os-source.ts'
import { openDefinitions } from './shelf.ts'

const shipped = openDefinitions({ shipped: shippedDefinitions, own: '/nonexistent' })

export const shippedSource = async (name: string): Promise<TemplateSource> => osSource(await shipped.find(name), name)
