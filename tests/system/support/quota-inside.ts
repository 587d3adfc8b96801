/** Quota of users and groups as a VPS with Debian's own tools works on it. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { volumePaths } from '@insula/vzfs'
import { bringTools } from './host-tools.ts'
import type { Answer, TestNode } from './node.ts'

const TOOLS = ['quota', 'setquota', 'edquota', 'repquota', 'quotaon', 'quotacheck', 'perl', 'unshare']
/** quotaoff is another name of quotaon; /etc/mtab is what Debian makes of it. */
const PREPARE = `
  ln -sf quotaon /usr/sbin/quotaoff; ln -sf ../proc/self/mounts /etc/mtab; mkdir -p /srv/u /root /tmp; chmod 1777 /srv/u /tmp
  printf 'root:x:0:0:root:/root:/bin/sh\\nalice:x:1000:1000::/root:/bin/sh\\nbob:x:1001:1001::/root:/bin/sh\\n' > /etc/passwd
  printf 'root:x:0:\\nalice:x:1000:\\nbob:x:1001:\\nstaff:x:2000:alice\\n' > /etc/group
`

export interface Tenants {
  /** One with all tools and the users alice and bob. */
  withTools(name: string, ...options: string[]): Promise<string>
  sh(name: string, script: string, user?: string): Promise<Answer>
  /** What a script says, on both streams; it must succeed. */
  said(name: string, script: string, user?: string): Promise<string>
  /** First host id, and the private files as the node sees them. */
  areaOf(name: string): Promise<{ readonly base: number; readonly upper: string }>
}

export function tenantsOf(node: TestNode): Tenants {
  const sh: Tenants['sh'] = (name, script, user = '0') => node.exec(name, ['sh', '-c', script], { user, cwd: '/' })
  const said: Tenants['said'] = async (name, script, user = '0') => {
    const { code, stdout } = await sh(name, `exec 2>&1\n${script}`, user)
    assert.equal(code, 0, `${script}: ${stdout}`)
    return stdout
  }
  return {
    sh,
    said,
    async withTools(name, ...options) {
      await node.running(name, ['--template', 'micro', ...options])
      await bringTools(node, name, TOOLS)
      await said(name, PREPARE)
      return name
    },
    async areaOf(name) {
      const { info, upper } = volumePaths(node.instance.volume).area((await node.show(name)).id)
      return { base: (JSON.parse(readFileSync(info, 'utf8')) as { base: number }).base, upper }
    },
  }
}

/** On disk, because grace times begin with what is written there. */
export const fill = (file: string, mib: number): string => `dd if=/dev/zero of=${file} bs=64k count=${mib * 16} conv=fsync`

/** quotactl(2) by number: prints what it returned and the errno. */
export const quotactl = (command: number, kind: number, id: string, structure: string, device = '/dev/root'): string =>
  `LC_ALL=C perl -e 'my $d = "${device}\\0"; my $s = ${structure}; my $r = syscall(179, ${command} << 8 | ${kind}, $d, ${id}, $s); print "$r ", $r < 0 ? $!+0 : 0, "\\n"'`
export const GETQUOTA = 0x800007
export const SETQUOTA = 0x800008
