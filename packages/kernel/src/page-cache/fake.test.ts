import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { pageCacheConformance } from './conformance.ts'
import { fakePageCache } from './fake.ts'

const directory = mkdtempSync(join(tmpdir(), 'insula-page-cache-'))
after(() => rmSync(directory, { recursive: true }))

pageCacheConformance('the fake', fakePageCache, () => directory)
