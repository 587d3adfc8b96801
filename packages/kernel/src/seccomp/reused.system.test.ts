/** A caller is known by its number, and numbers are given again. To ask for a certain one, clone3(2) with set_tid, needs root. */

import assert from 'node:assert/strict'
import { closeSync, read } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startAttached } from '../process/attached.ts'
import { openPipe } from '../pty/pty.ts'
import { startListened } from '../testing/listened-process.ts'
import { realListeners } from './real.ts'
import { newCallRecord } from './record.ts'

/** A child that has the number which is given. Both end with their input. */
const CHILD_WITH = String.raw`
  $| = 1;
  my $wanted = pack 'l', $ARGV[0];
  my $child = syscall(435, pack('Q11', 0, 0, 0, 0, 17, 0, 0, 0, unpack('Q', pack('P', $wanted)), 1, 0), 88);
  die "clone3: $!" if $child < 0;
  if ($child == 0) { sleep while 1 }
  print "$child\n";
  <STDIN>;
  kill 9, $child;
  waitpid $child, 0`

test('who has the number of a caller that died is not taken for it', async () => {
  const record = newCallRecord()
  const caller = await startListened()
  using listeners = realListeners(record)
  listeners.add(1, caller.listener())
  const outcome = caller.call(99, [Buffer.alloc(16)])
  let call = null
  for (let round = 0; call === null && round < 500; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (listeners.wait(10).length > 0) call = listeners.receive(1)
  }
  assert.ok(call)
  await Promise.all([caller.kill(), outcome.catch(() => undefined)])

  const [input, output] = [openPipe(), openPipe()]
  const other = startAttached(['perl', '-e', CHILD_WITH, `${caller.pid}`], { descriptors: [input.read, output.write, 2] })
  for (const end of [input.read, output.write]) closeSync(end)
  try {
    const { bytesRead, buffer } = await promisify(read)(output.read, Buffer.alloc(64), 0, 64, null)
    assert.equal(buffer.toString('latin1', 0, bytesRead), `${caller.pid}\n`)
    assert.equal(listeners.open(call), null)
    assert.equal(listeners.unanswered(), null)
    assert.equal(listeners.answer(call, { kind: 'value', value: 0 }), false)
  } finally {
    for (const end of [input.write, output.read]) closeSync(end)
    await other.ended
    closeSync(record)
  }
})
