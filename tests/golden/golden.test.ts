import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { goldenFiles } from './golden-files.ts'

for (const { file, make } of goldenFiles) {
  test(`${basename(file.pathname)} is what the code makes; \`npm run golden\` writes it again`, async () => {
    assert.equal(await make(), readFileSync(file, 'utf8'))
  })
}
