import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatSetting, parseSettings, settingsOfMirror } from './apt-settings.ts'

const DUMP = `Acquire "";
Acquire::AllowInsecureRepositories "0";
Acquire::Check-Valid-Until "false";
Acquire::Languages:: "none";
Acquire::http::Proxy "http://cache.example:3142";
Acquire::https::Proxy::direct.example "DIRECT";
Acquire::http::Proxy-Auto-Detect "";
Acquire::https::CAInfo "/etc/ssl/own.pem";
APT::Architecture "amd64";
`

test('what building needs, and nothing else', () => {
  assert.deepEqual(parseSettings(DUMP).map(formatSetting), [
    'Acquire::Check-Valid-Until "false"',
    'Acquire::http::Proxy "http://cache.example:3142"',
    'Acquire::https::Proxy::direct.example "DIRECT"',
    'Acquire::https::CAInfo "/etc/ssl/own.pem"',
  ])
})

test('insecure repositories stay forbidden', () => {
  assert.deepEqual(parseSettings('Acquire::AllowInsecureRepositories "1";\nAPT::Get::AllowUnauthenticated "1";\n'), [])
})

test('what is true of the mirror goes into the template, what is true of the node does not', () => {
  assert.deepEqual(
    settingsOfMirror(parseSettings(DUMP)).map((setting) => setting.name),
    ['Acquire::Check-Valid-Until', 'Acquire::http::Proxy', 'Acquire::https::Proxy::direct.example'],
  )
  for (const value of ['http://127.0.0.1:3142', 'http://localhost:3142/', 'http://user:secret@localhost', 'http://[::1]:8000']) {
    assert.deepEqual(settingsOfMirror([{ name: 'Acquire::http::Proxy', value }]), [], value)
  }
})
