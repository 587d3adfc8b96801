/** Every app that can be built. */

import type { AppSource } from '../app.ts'
import { nginx } from './nginx.ts'
import { redis } from './redis.ts'

export const appDefinitions: readonly AppSource[] = [nginx, redis]
