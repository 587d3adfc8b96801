import { mkdtempSync, rmSync } from 'node:fs'
import { after } from 'node:test'
import { pageCacheConformance } from './conformance.ts'
import { realPageCache } from './real.ts'

const directory = mkdtempSync('/var/tmp/insula-page-cache-')
after(() => rmSync(directory, { recursive: true }))

pageCacheConformance(
  'the real driver',
  () => realPageCache(),
  () => directory,
)
pageCacheConformance(
  'the real driver on a kernel without cachestat',
  () => realPageCache({ old: true }),
  () => directory,
)
