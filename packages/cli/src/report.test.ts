import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiFailure } from '@insula/contract/api-failure'
import type { Context } from './context.ts'
import { sentences } from './report.ts'

const failure = (remedy: string): ApiFailure => new ApiFailure({ code: 'conflict', message: 'web cannot be started: no', remedy })
const asked = (instance: string, env: Context['env'] = {}): Context => ({ instance, env }) as Context
const remedyOf = async (remedy: string, context: Context | undefined): Promise<string | undefined> =>
  (await sentences(failure(remedy), context)).split('\n  ')[1]

test('a remedy names the node that was asked', async () => {
  const remedy = 'give it more: insula set web --memory 64M, then `insula start web`'
  assert.equal(await remedyOf(remedy, undefined), remedy)
  assert.equal(await remedyOf(remedy, asked('insula')), remedy)
  assert.equal(
    await remedyOf(remedy, asked('two')),
    'give it more: insula --instance two set web --memory 64M, then `insula --instance two start web`',
  )
  assert.equal(await remedyOf(remedy, asked('two', { INSULA_INSTANCE: 'two' })), remedy, 'the environment says it already')
  assert.equal(await remedyOf('insula doctor --instance two', asked('two')), 'insula doctor --instance two')
  assert.equal(await remedyOf('see insulad; Insula is one', asked('two')), 'see insulad; Insula is one')
})
