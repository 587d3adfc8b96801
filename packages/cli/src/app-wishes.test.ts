import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appsOf, assignment } from './app-wishes.ts'
import { UsageError } from './command.ts'

test('values go to the app that they name, or to the only one', () => {
  assert.deepEqual(appsOf(['nginx@2026-11-26.1'], [assignment('port=81'), assignment('nginx.root=/srv/a=b')]), [
    { app: 'nginx@2026-11-26.1', parameters: { port: '81', root: '/srv/a=b' } },
  ])
  assert.deepEqual(appsOf(['nginx', 'php-fpm'], [assignment('php-fpm.max-children=9')]), [
    { app: 'nginx', parameters: {} },
    { app: 'php-fpm', parameters: { 'max-children': '9' } },
  ])
  assert.throws(() => appsOf(['nginx', 'redis'], [assignment('port=81')]), /as there are several: --set nginx.port=/)
  assert.throws(() => appsOf(['nginx'], [assignment('redis.port=81')]), /there is no --app redis/)
  for (const bad of ['port', '=1', 'Port=1', '.port=1', 'a.b.c=1']) assert.throws(() => assignment(bad), UsageError, bad)
})
