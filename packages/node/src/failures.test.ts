import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LimitBelowUse } from '@insula/kernel'
import { TemplateFailed } from '@insula/templates'
import { VzfsError } from '@insula/vzfs'
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

test('a full volume and a limit that is reached are told apart by what to do', () => {
  const told = (code: 'no_space' | 'over_limit') => {
    const { message, remedy, code: answered } = asFailure(new VzfsError(code, 'why'), 'cannot clone VPS "web"')
    assert.deepEqual([message, answered], ['cannot clone VPS "web": why', 'no_space'])
    return remedy ?? ''
  }
  assert.match(told('no_space'), /volume/)
  assert.match(told('over_limit'), /insula set VPS --disk/)
})

test('a limit below what is in use is told in the units that people write', () => {
  const said = (...[limit, wanted, used]: ConstructorParameters<typeof LimitBelowUse>) =>
    asFailure(new LimitBelowUse(limit, wanted, used), 'cannot').message
  assert.equal(said('memory', 2 ** 20, 12_800_000), 'cannot: a memory limit of 1M is below the 12M in use')
  assert.equal(said('pids', 5, 9), 'cannot: a process limit of 5 is below the 9 in use')
})
