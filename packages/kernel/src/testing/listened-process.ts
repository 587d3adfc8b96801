/**
 * A process under a filter of its own that sends sysinfo(2) and mknod(2) to a listener, and makes the calls that it is told to make. It needs no
 * privilege: no_new_privs will do. seccomp(2), pidfd_getfd(2).
 */

import { closeSync, read, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { libc } from '../libc/libc.ts'
import { openPipe } from '../pty/pty.ts'
import { startAttached } from '../process/attached.ts'
import type { TestCaller } from '../seccomp/conformance.ts'

/** BPF: architecture and number; NOTIFY for two numbers, ALLOW for the rest. One argument to a line: "i:NUMBER" or "b:HEX". */
const PROGRAM = String.raw`
  $| = 1;
  my @code = ([0x20, 0, 0, 0], [0x15, 1, 0, 99], [0x15, 0, 1, 133], [0x06, 0, 0, 0x7fc00000], [0x06, 0, 0, 0x7fff0000]);
  my $code = join '', map { pack 'S C C L', @$_ } @code;
  my $program = pack 'S x6 P', scalar(@code), $code;
  syscall(157, 38, 1, 0, 0, 0) == 0 or die "prctl: $!";
  my $fd = syscall(317, 1, 8 | 32, $program);
  $fd >= 0 or die "seccomp: $!";
  print "$fd $$\n";
  <STDIN>;
  syscall(3, $fd);
  while (my $line = <STDIN>) {
    my ($number, @given) = split ' ', $line;
    my @buffers;
    my @args = map { /^b:(.*)/ ? do { push @buffers, pack('H*', $1); unpack 'Q', pack('P', $buffers[-1]) } : 0 + substr($_, 2) } @given;
    $! = 0;
    my $result = syscall($number + 0, @args, (0) x (6 - @args));
    print join(' ', $result, $! + 0, map { unpack 'H*', $_ } @buffers), "\n";
  }
`

const readSome = promisify(read)

export async function startListened(): Promise<TestCaller> {
  const [input, output] = [openPipe(), openPipe()]
  const child = startAttached(['perl', '-e', PROGRAM], { descriptors: [input.read, output.write, 2] })
  for (const end of [input.read, output.write]) closeSync(end)
  const line = async (): Promise<string[]> => {
    const bytes = Buffer.alloc(65_536)
    let text = ''
    while (!text.endsWith('\n')) {
      const { bytesRead } = await readSome(output.read, bytes, 0, bytes.length, null)
      if (bytesRead === 0) throw new Error('the process has ended')
      text += bytes.toString('latin1', 0, bytesRead)
    }
    return text.trim().split(' ')
  }
  const [fd] = (await line()).map(Number)
  const pidfd = libc.pidfdOpen(`pidfd_open(${child.pid})`, child.pid, 0)
  const kept = libc.pidfdGetfd('pidfd_getfd', pidfd, fd, 0)
  closeSync(pidfd)
  writeSync(input.write, '\n')
  let killed = false
  const ownPidfd = libc.pidfdOpen('pidfd_open of our own', process.pid, 0)
  return {
    pid: child.pid,
    listener: () => libc.pidfdGetfd('pidfd_getfd', ownPidfd, kept, 0),
    async call(number, args) {
      const given = args.map((arg) => (typeof arg === 'bigint' ? `i:${arg}` : `b:${arg.toString('hex')}`))
      writeSync(input.write, `${number} ${given.join(' ')}\n`)
      const [result, errno, ...buffers] = await line()
      return { result: Number(result), errno: Number(errno), buffers: buffers.map((hex) => Buffer.from(hex, 'hex')) }
    },
    async kill() {
      if (killed) return
      killed = true
      process.kill(child.pid, 'SIGKILL')
      await child.ended
      for (const end of [input.write, output.read, kept, ownPidfd]) closeSync(end)
    },
  }
}
