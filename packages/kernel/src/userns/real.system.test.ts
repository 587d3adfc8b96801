import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { realProcessRunner } from '../process/real.ts'
import { userNamespaceConformance } from './conformance.ts'
import { realUserNamespaces } from './real.ts'

const { run } = realProcessRunner()

userNamespaceConformance('the real driver', async () => {
  const before = descriptors()
  return {
    userNamespaces: realUserNamespaces(),
    mapAt: async (path) => {
      if (!isUserNamespace(path)) return null
      const { stdout } = await run(['nsenter', `--user=${path}`, 'cat', '/proc/self/uid_map', '/proc/self/gid_map'])
      const [uids, gids] = stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/ +/).map(Number))
      assert.deepEqual(uids, gids)
      assert.equal(uids?.[0], 0)
      return { base: uids?.[1] ?? -1, size: uids?.[2] ?? -1 }
    },
    [Symbol.asyncDispose]: async () => assert.deepEqual(descriptors(), before),
  }
})

test('a namespace belongs to the user who is its root: the kernel counts against that one', async () => {
  using userns = await realUserNamespaces()({ base: 300_000, size: 65_536 })
  const { stdout } = await run(['perl', '-e', OWNER, userns.path])
  assert.equal(stdout, '300000')
})

/** ioctl_ns(2): NS_GET_OWNER_UID. */
const OWNER =
  'open(my $ns, "<", shift) or die $!; my $uid = pack("L", 0); ioctl($ns, 0xb704, $uid) or die $!; print unpack("L", $uid)'

function isUserNamespace(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('user:')
  } catch {
    return false
  }
}

/** User namespaces and pipes that this process has open. */
function descriptors(): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`)
      } catch {
        // The descriptor of the listing itself.
        return ''
      }
    })
    .filter((target) => /^(?:user|pipe):/.test(target))
    .toSorted()
}
