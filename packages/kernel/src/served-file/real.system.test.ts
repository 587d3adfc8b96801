import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdtempSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AttachedProcess, startAttached } from '../process/attached.ts'
import { realPrivateMounts } from '../mounts/real.ts'
import { answerTo, REQUEST_BYTES, requestIn } from './protocol.ts'
import { makeServedFile, realServedFiles } from './real.ts'
import type { FileAnswers } from './served-file.ts'

const scratch = mkdtempSync('/var/tmp/insula-served-')
after(() => rmSync(scratch, { recursive: true }))
const mounts = realPrivateMounts()
const files = realServedFiles()
const answers: FileAnswers = { owner: 4_711, contents: (pid) => readFileSync(`/proc/${pid}/comm`) }

/** Runs a script where a served file covers `place`, and serves until it has ended. */
async function inside(place: string, script: string, serve = answers) {
  const { connection, mount } = makeServedFile('insula')
  const out = join(scratch, 'out')
  let reader: AttachedProcess
  {
    using _mount = mount
    using namespace = mounts.keepPrivateCopy((calls) => calls.attach(mount, place))
    reader = mounts.inNamespace(namespace, () =>
      startAttached(['sh', '-c', `exec > ${out} 2>&1\n${script}`], { descriptors: ['null', 'null', 'null'] }),
    )
  }
  let over = false
  void reader.ended.then(() => (over = true))
  const seen = new Set<string>()
  while (!over) {
    seen.add(files.serve(connection, serve))
    await sleep(1)
  }
  for (let look = 0; look < 100 && !seen.has('ended'); look++) {
    seen.add(files.serve(connection, serve))
    await sleep(10)
  }
  closeSync(connection)
  return { said: readFileSync(out, 'utf8'), seen }
}

test('each reader gets its own contents, however it reads, and nobody can write', async () => {
  const place = join(scratch, 'file')
  writeFileSync(place, 'below')
  const { said, seen } = await inside(
    place,
    `cat ${place}; head -c 3 ${place}; echo; dd if=${place} bs=1 status=none; stat -c '%u %a %F' ${place}; echo x > ${place} || echo refused`,
  )
  assert.match(said, /^cat\nhea\ndd\n4711 444 regular file\n[^\n]*Read-only file system\nrefused\n$/)
  assert.ok(seen.has('ended'), 'its end is told when nobody has it mounted any more')
  assert.equal(readFileSync(place, 'utf8'), 'below')
})

test('sendfile, by which BusyBox reads, gets all of it, also when it grows', async () => {
  let count = 0
  const place = join(scratch, 'growing')
  writeFileSync(place, '')
  const contents = () => Buffer.from('x'.repeat(5_000 + 3_000 * count))
  const script = `for i in 1 2 3; do busybox cat ${place} | wc -c; : > ${join(scratch, 'grow')}; sleep 0.1; done`
  const growing: FileAnswers = {
    owner: 0,
    contents() {
      if (existsSync(join(scratch, 'grow'))) {
        rmSync(join(scratch, 'grow'))
        count += 1
      }
      return contents()
    },
  }
  assert.equal((await inside(place, script, growing)).said, '5000\n8000\n11000\n')
})

test('it can cover a symbolic link of proc, which others go through to it', async () => {
  const { said } = await inside('/proc/mounts', 'cat /proc/mounts; grep -c / /proc/self/mounts')
  assert.match(said, /^cat\n[1-9]\d*\n$/)
})

test('a failure to answer is an error of the reader; the next one is served', async () => {
  let count = 0
  const place = join(scratch, 'failing')
  writeFileSync(place, '')
  const contents = () => {
    if (count++ === 0) throw new Error('no')
    return Buffer.from('good')
  }
  const { said } = await inside(place, `cat ${place} || cat ${place}`, { owner: 0, contents })
  assert.match(said, /Input\/output error\ngood$/)
})

test('what one received and did not answer comes to the next (Linux 6.9 and later)', async () => {
  const { connection, mount } = makeServedFile('insula')
  const [place, out] = [join(scratch, 'handed'), join(scratch, 'handed-out')]
  writeFileSync(place, '')
  let reader: AttachedProcess
  {
    using _mount = mount
    using namespace = mounts.keepPrivateCopy((calls) => calls.attach(mount, place))
    reader = mounts.inNamespace(namespace, () =>
      startAttached(['sh', '-c', `cat ${place} > ${out}`], { descriptors: ['null', 'null', 'null'] }),
    )
  }
  let over = false
  void reader.ended.then(() => (over = true))
  while (!losesRead(connection)) await sleep(1)
  files.takeOver(connection)
  for (let look = 0; look < 1_000 && !over; look++) {
    files.serve(connection, { owner: 0, contents: () => Buffer.from('answered') })
    await sleep(5)
  }
  if (!over) process.kill(reader.pid, 'SIGKILL')
  await reader.ended
  closeSync(connection)
  assert.equal(readFileSync(out, 'utf8'), 'answered')
})

/** Serves what is not a read. True when it has received a read, and not answered it. */
function losesRead(connection: number): boolean {
  const buffer = Buffer.alloc(REQUEST_BYTES)
  let request
  try {
    request = requestIn(buffer.subarray(0, readSync(connection, buffer)))
  } catch {
    return false
  }
  if (request.opcode === READ) return true
  const answer = answerTo(request, answers)
  if (answer) writeSync(connection, answer)
  return false
}

const READ = 15
