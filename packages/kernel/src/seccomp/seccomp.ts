/**
 * System calls that another process answers: seccomp user notification. A filter sends some calls of a process tree to a listener, a
 * descriptor; whoever holds it receives them, looks at the caller, and answers in the kernel's place. seccomp_unotify(2).
 *
 * All of it is synchronous and made for one thread that does nothing else: a caller stands still until it is answered.
 *
 * What a caller can do to us: die in the middle (its thread number may be another's then), change its memory while it is read, have memory that
 * takes for ever to read, because it lies in a file of a file system that the caller serves itself. Against the first, everything about a caller
 * goes through a `Caller`, which is tied to the thread and was checked after it was tied. Against the second, each byte is read once. Against the
 * third nothing helps in this thread: somebody else has to watch over it (`readCallRecord`) and end it.
 */

export type Architecture = 'x86-64' | 'x32' | 'i386' | 'unknown'

export interface Call {
  /** Of the listener that it came from. */
  readonly key: number
  readonly id: bigint
  /** Thread, in our pid namespace. */
  readonly tid: number
  readonly architecture: Architecture
  readonly number: number
  /** Six, as in registers. */
  readonly args: readonly bigint[]
}

/** continue: the kernel does what it would have done without us. Never an answer to something that was checked: arguments may have changed. */
export type Answer =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'error'; readonly errno: number }
  | { readonly kind: 'continue' }

export interface Ready {
  readonly key: number
  /** ended: no process is left that could call, or write. input: what `watch` was given can be read. */
  readonly what: 'call' | 'ended' | 'input'
}

export interface Listeners extends Disposable {
  /** `fd` is ours from here on. @throws when the key is in use */
  add(key: number, fd: number): void
  /** Closes it: callers that wait get ENOSYS when nobody else holds it. Nothing when it is not there. */
  remove(key: number): void
  /** Whether calls of it are told; its end always is. */
  pause(key: number, paused: boolean): void
  /** Another descriptor, told beside calls, which is ours from here on too. Key 0 is for such alone. */
  watch(key: number, fd: number): void
  /** What is ready, at most 64 and in turn. None when `milliseconds` have passed; -1 waits without end. */
  wait(milliseconds: number): Ready[]
  /** The next call of a listener that is ready; it is in the record until it is answered. Null when its caller has died. */
  receive(key: number): Call | null
  /** What a process before us received and did not answer: from the record. Null when there is none, or its listener is gone. */
  unanswered(): Call | null
  /** Null when the caller has died. */
  open(call: Call): Caller | null
  /** False when the caller has died, or gave up because of a signal: then nobody knows what was done for it. */
  answer(call: Call, answer: Answer): boolean
}

export interface Credentials {
  readonly effectiveUid: number
  readonly effectiveGid: number
  /** What a new file belongs to. */
  readonly fileUid: number
  readonly fileGid: number
  readonly groups: readonly number[]
  readonly umask: number
  /** Bit mask of capabilities(7). */
  readonly effective: bigint
}

/** A caller that waits for its answer. Its own threads run on meanwhile and may change all that they share with it. */
export interface Caller extends Disposable {
  /** Fewer bytes where the memory ends; null when there is none. Each call looks anew: read a structure once. */
  read(address: bigint, length: number): Buffer | null
  /** Up to the first NUL, which must come within `most` bytes; null otherwise. */
  text(address: bigint, most: number): Buffer | null
  /** All of it or false. */
  write(address: bigint, bytes: Buffer): boolean
  /** Host ids. */
  credentials(): Credentials
  /** Whether it is in the user namespace of that process, and in none below. */
  sharesUserNamespace(pid: number): boolean
  /** Whether a descriptor of it is open on the file system that this process has for its root. */
  isOnRootOf(fd: number, pid: number): boolean
  /** Makes a device node as the caller would if it might. @throws SystemCallFailed as mknodat(2) */
  makeDevice(node: DeviceNode): MadeDevice
  /** Still waiting: what was read until now was the caller's. */
  isValid(): boolean
}

export interface MadeDevice extends Disposable {
  /** For a caller that gave up and will ask again. */
  takeBack(): void
}

export interface DeviceNode {
  /** The caller's own, or AT_FDCWD. */
  readonly directory: number
  /** As the caller wrote it. */
  readonly path: Buffer
  /** Permissions; the caller's umask is taken off. */
  readonly mode: number
  readonly device: { readonly major: number; readonly minor: number }
  /** Only on the file system that this process has for its root. */
  readonly rootOf: number
  /** Host ids within which the caller's capabilities count. */
  readonly ids: { readonly base: number; readonly size: number }
  /** An earlier attempt may have made it already: what is there and is the same will do. */
  readonly again: boolean
}

export const AT_FDCWD = -100
