import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TemplateFailed } from '@insula/templates'
import { asFailure } from './failures.ts'

const codeOf = (error: unknown): string => asFailure(error, 'cannot do it').code

test('a template that could not be built says why, and what to do', () => {
  const failed = asFailure(new TemplateFailed('no_space', 'the disk is full', 'make room in /x'), 'cannot build template "a"')
  assert.deepEqual(
    [failed.code, failed.message, failed.remedy, failed.exit],
    ['no_space', 'cannot build template "a": the disk is full', 'make room in /x', 7],
  )
  assert.deepEqual(
    (['bad_mirror', 'mirror_unreachable', 'tool_missing', 'failed'] as const).map((reason) =>
      codeOf(new TemplateFailed(reason, 'why', 'what')),
    ),
    ['invalid_request', 'unavailable', 'unsupported', 'internal'],
  )
})

test('a full volume is one wherever it is noticed', () => {
  assert.equal(codeOf(Object.assign(new Error('x'), { code: 'ENOSPC' })), 'no_space')
  assert.equal(codeOf(Object.assign(new Error('x'), { code: 'ERR_SQLITE_ERROR', errcode: 13 })), 'no_space')
  assert.equal(codeOf(Object.assign(new Error('x'), { code: 'ERR_SQLITE_ERROR', errcode: 19 })), 'internal')
})
