import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SysctlRefused } from './probe.ts'
import { readSysctl, sysctlFile } from './sysctl.ts'

test('names become files; one that starts with a slash-separated part may hold dots', () => {
  assert.equal(sysctlFile('net.ipv4.ip_forward'), '/proc/sys/net/ipv4/ip_forward')
  assert.equal(sysctlFile('net/ipv4/conf/eth0.100/rp_filter'), '/proc/sys/net/ipv4/conf/eth0.100/rp_filter')
  assert.equal(sysctlFile('net.ipv4.conf.eth0/100.rp_filter'), '/proc/sys/net/ipv4/conf/eth0.100/rp_filter')
  for (const name of ['', '..', 'net/../../self/environ', 'a..b', 'a.\0'])
    assert.throws(() => sysctlFile(name), SysctlRefused, name)
})

test('a directory is no sysctl', () => assert.equal(readSysctl('net.ipv4'), null))
