import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { testNode, until } from './support/node.ts'

const node = await testNode(['micro', 'debian-12'])
const micro = await node.running('micro')
const debian = await node.running('debian', ['--template', 'debian-12', '--ip', 'auto'])

const sh = (name: string, script: string, ...options: string[]) =>
  node.insula(['exec', ...options, name, '--', 'sh', '-c', script])

test('stdout and stderr stay apart, byte for byte', async () => {
  const { code, stdout, stderr } = await sh(micro, 'printf "out\\n\\n"; printf err >&2; printf more')
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'out\n\nmore', stderr: 'err' })
})

test('a megabyte of random bytes goes in and comes out unchanged', async () => {
  const input = randomBytes(1024 * 1024)
  const sum = createHash('sha256').update(input).digest('hex')
  const { stdout } = await node.insula(['exec', micro, '--', 'sha256sum'], { input })
  assert.equal(stdout.split(' ')[0], sum)
  const echoed = await node.insula(['exec', micro, '--', 'sh', '-c', 'tee /root/copy | sha256sum; sha256sum < /root/copy'], {
    input,
  })
  assert.deepEqual(
    echoed.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]),
    [sum, sum],
  )
})

test('clients that have read much end, each time', async () => {
  const input = Buffer.alloc(30 << 20, 'x')
  const sum = createHash('sha256').update(input).digest('hex')
  for (let round = 0; round < 3; round += 1) {
    const all = Array.from({ length: 4 }, () => node.insula(['exec', micro, '--', 'sha256sum'], { input, deadline: 60_000 }))
    for (const { code, stdout, stderr } of await Promise.all(all))
      assert.deepEqual([code, stdout.split(' ')[0]], [0, sum], stderr)
  }
})

test('output larger than any buffer arrives whole', async () => {
  const { stdout } = await sh(micro, 'i=0; while [ $i -lt 200000 ]; do echo "line $i of many"; i=$((i+1)); done')
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines.length, 200_000)
  assert.equal(lines.at(-1), 'line 199999 of many')
})

test('exit codes are passed on; signals are 128 and their number; what cannot run is 126 and 127', async () => {
  for (const [script, code] of [
    ['exit 0', 0],
    ['exit 7', 7],
    ['exit 255', 255],
    ['kill -9 $$', 137],
    ['kill -15 $$', 143],
  ] as const) {
    assert.equal((await sh(micro, script)).code, code, script)
  }
  for (const [argv, code, said] of [
    [[micro, 'nosuchcommand'], 127, /nosuchcommand: command not found/],
    [[micro, ''], 127, /'': command not found/],
    [[micro, '/etc/passwd'], 126, /\/etc\/passwd: cannot be executed/],
    [[micro, '/etc'], 126, /\/etc: is a directory/],
  ] as const) {
    const { stderr, ...ended } = await node.insula(['exec', ...argv])
    assert.equal(ended.code, code)
    // Ours alone: the runtime's own complaint is not the command's output.
    assert.match(stderr, new RegExp(`^insula: .*${said.source}.*\n$`))
  }
})

test('with no process left it says so, whichever step of its start needs one', async (t) => {
  const limit = (pids: number) => node.ok('set', micro, '--pids', `${pids}`)
  t.after(() => limit(4096))
  const { usage } = (await node.show(micro)) as unknown as { usage: { pids: number } }
  let refused = 0
  for (let more = 0; more < 4; more += 1) {
    await limit(usage.pids + more)
    const { code, stdout, stderr } = await node.insula(['exec', micro, '--', 'true'])
    if (code === 0) break
    refused += 1
    assert.deepEqual([code, stdout], [7, ''], stderr)
    assert.match(
      stderr,
      // The runtime's own words come before it when its last step needed the process: the command was about to run then.
      /^(?:(?:fork: .*|fail startup)\n){0,2}insula: cannot run the command: VPS "micro" has reached its limit of \d+ process(?:es)?\n {2}raise it with .*\n$/,
    )
  }
  assert.ok(refused > 0)
})

test('-u, -w and -e do as they say', async () => {
  const { stdout } = await sh(
    debian,
    'id -u; id -g; pwd; echo $A:$B; echo $HOME',
    '-u',
    'games:60',
    '-w',
    '/usr/games',
    '-e',
    'A=1 2',
    '-e',
    'B==',
  )
  assert.deepEqual(stdout.split('\n'), ['5', '60', '/usr/games', '1 2:=', '/usr/games', ''])
  assert.equal((await sh(debian, 'id -un', '-u', '33')).stdout, 'www-data\n')
  const nobody = await node.insula(['exec', '-u', 'nosuchuser', debian, 'true'])
  assert.notEqual(nobody.code, 0)
  assert.match(nobody.stderr, /no user "nosuchuser"/)
  for (const [user, directory, why] of [
    ['root', '/nowhere', 'No such file or directory'],
    ['www-data', '/nowhere', 'No such file or directory'],
    ['www-data', '/root', 'Permission denied'],
    ['www-data', '/root/below', 'Permission denied'],
    ['www-data', '/etc/passwd', 'Not a directory'],
  ] as const) {
    const { code, stderr } = await node.insula(['exec', '-u', user, '-w', directory, debian, 'true'])
    assert.deepEqual([code, stderr], [126, `insula: debian: ${directory}: cannot be entered: ${why}\n`])
  }
  // What is mounted over it does not hide it from its user.
  assert.equal((await sh(debian, 'pwd', '-u', 'www-data', '-w', '/dev/shm')).stdout, '/dev/shm\n')
  await node.ok('exec', debian, '--', 'usermod', '-d', '/root', 'games')
  assert.equal((await sh(debian, 'pwd', '-u', 'games')).stdout, '/\n')
})

test('a command may open its output again through /dev/stdout, also as another user', async () => {
  assert.equal((await sh(debian, 'echo a > /dev/stdout; echo b > /proc/self/fd/2', '-u', 'www-data')).stdout, 'a\n')
})

test('a background child does not hold the command', async () => {
  const since = Date.now()
  const { stdout } = await sh(micro, 'sleep 30 & echo done')
  assert.equal(stdout, 'done\n')
  assert.ok(Date.now() - since < 10_000)
})

test('what runs by exec is inside the limits and namespaces of the VPS', async () => {
  const { stdout } = await sh(debian, 'cat /proc/self/cgroup; readlink /proc/self/ns/pid /proc/1/ns/pid; hostname')
  const [pid, init, hostname] = stdout.trim().split('\n').slice(-3)
  assert.equal(pid, init)
  assert.equal(hostname, 'debian')
  // Where limits are in the v2 tree too, systemd inside has given them on to its units, and the root of its tree takes no process any more.
  for (const line of stdout.trim().split('\n').slice(0, -3)) assert.match(line, /^\d+:[^:]*:\/(init\.scope)?$/)
})

test('50 at once are all right', async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      sh(index % 2 === 0 ? micro : debian, `echo ${index}; echo e${index} >&2; exit ${index}`),
    ),
  )
  for (const [index, { code, stdout, stderr }] of answers.entries()) {
    assert.deepEqual({ code, stdout, stderr }, { code: index, stdout: `${index}\n`, stderr: `e${index}\n` })
  }
})

test('of a VPS whose init is killed, as for want of memory, it is said that it does not run', async () => {
  const name = await node.running('dying')
  const { pid } = await node.show(name)
  const begin = () => Array.from({ length: 20 }, () => sh(name, 'echo begun; exec sleep 60'))
  const before = begin()
  await until('the first runs', async () => (await node.inside(name, 'ps')).includes('sleep 60'))
  process.kill(pid, 'SIGKILL')
  const answers = await Promise.all([...before, ...begin()])
  for (const { code, stdout, stderr } of answers) {
    // What ran was killed.
    if (stdout !== '') assert.deepEqual({ code, stdout, stderr }, { code: 137, stdout: 'begun\n', stderr: '' })
    else if (code !== 137) {
      assert.equal(code, 4, stderr)
      assert.match(stderr, /^insula: .*(is not running\n|it is stopped\n.*insula start.*\n)$/)
    }
  }
  assert.ok(answers.some(({ code }) => code === 4))
})

test('a client that goes away takes its command with it', async () => {
  const running = node.insula(['exec', micro, '--', 'sleep', '4242'], { deadline: 1_500 })
  await until('it runs', async () => (await node.inside(micro, 'ps')).includes('sleep 4242'))
  assert.notEqual((await running).code, 0)
  await until('it is gone', async () => !(await node.inside(micro, 'ps')).includes('sleep 4242'))
})
