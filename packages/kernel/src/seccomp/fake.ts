/** Listeners of pretended process trees, whose memory is what their calls were given. The record outlives who works, as the real one does. */

import { constants } from 'node:os'
import { SystemCallFailed } from '../libc/libc.ts'
import type { Answer, Architecture, Call, Caller, Credentials, DeviceNode, Listeners, Ready } from './seccomp.ts'

export interface FakeCallers {
  /** Who works now. */
  open(): Listeners
  /** A process tree of one process. */
  start(about?: FakeCallerOptions): FakeCaller
  /** What is being worked on, as `readCallRecord` tells it. */
  current(): Call | null
}

export interface FakeCallerOptions {
  readonly credentials?: Partial<Credentials>
  /** Its descriptors that are on the root file system of its user namespace's first process. */
  readonly onRoot?: readonly number[]
  /** Whose user namespace it is in; its own by default. */
  readonly userNamespaceOf?: number
  readonly architecture?: Architecture
  /** Runs whenever its memory is read, before and after: what another thread of it does meanwhile. */
  readonly onRead?: (memory: Map<bigint, Buffer>) => void
}

export interface FakeCaller {
  readonly pid: number
  /** Nodes that were made for it and not taken back. */
  readonly devices: readonly DeviceNode[]
  listener(): number
  call(number: number, args: readonly (bigint | Buffer)[]): Promise<FakeOutcome>
  kill(): Promise<void>
}

export interface FakeOutcome {
  readonly result: number
  readonly errno: number
  readonly buffers: readonly Buffer[]
  /** Null when it was killed. */
  readonly answer: Answer | null
}

interface Waiting {
  readonly id: bigint
  readonly number: number
  readonly args: readonly bigint[]
  readonly finish: (answer: Answer | null) => void
  received: boolean
}

interface Tree extends FakeCaller {
  readonly options: FakeCallerOptions
  readonly memory: Map<bigint, Buffer>
  readonly devices: DeviceNode[]
  waiting: Waiting | null
  alive: boolean
}

const FIRST_PID = 70_000
const PAGE = 4096n
const ROOT: Credentials = { effectiveUid: 0, effectiveGid: 0, fileUid: 0, fileGid: 0, groups: [], umask: 0o022, effective: ~0n }

export function fakeCallers(): FakeCallers {
  const trees = new Map<number, Tree>()
  let record: Call | null = null
  let last = FIRST_PID
  let lastId = 0n

  const find = ({ id, tid }: Call): Tree | null => {
    const tree = trees.get(tid)
    return tree?.waiting?.id === id && tree.waiting.received ? tree : null
  }

  return {
    current: () => record,
    start(options = {}) {
      const pid = (last += 1)
      const tree: Tree = {
        pid,
        options,
        memory: new Map(),
        devices: [],
        waiting: null,
        alive: true,
        // Its number tells which tree it listens to.
        listener: () => pid,
        call(number, args) {
          const buffers = args.filter((arg) => typeof arg !== 'bigint').map((bytes) => Buffer.from(bytes))
          const places = buffers.map((bytes, index) => {
            const address = PAGE * BigInt(index + 1)
            tree.memory.set(address, bytes)
            return address
          })
          const values = args.map((arg) => (typeof arg === 'bigint' ? arg : (places.shift() ?? 0n)))
          return new Promise((resolve) => {
            const finish = (answer: Answer | null): void => {
              tree.waiting = null
              tree.memory.clear()
              resolve({
                result: answer?.kind === 'value' ? answer.value : answer?.kind === 'continue' ? 0 : -1,
                errno: answer?.kind === 'error' ? answer.errno : 0,
                buffers,
                answer,
              })
            }
            const padded = [...values, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6)
            tree.waiting = { id: (lastId += 1n), number, args: padded, finish, received: false }
          })
        },
        async kill() {
          tree.alive = false
          tree.waiting?.finish(null)
        },
      }
      trees.set(pid, tree)
      return tree
    },
    open() {
      const held = new Map<number, { tree: Tree; paused: boolean }>()
      return {
        add(key, fd) {
          const tree = trees.get(fd)
          if (!tree || held.has(key)) throw new Error(`there is no listener ${fd}, or one with the key ${key} already`)
          held.set(key, { tree, paused: false })
        },
        remove: (key) => void held.delete(key),
        pause(key, paused) {
          const entry = held.get(key)
          if (entry) entry.paused = paused
        },
        watch: () => undefined,
        wait: () =>
          [...held].flatMap(([key, { tree, paused }]): Ready[] => {
            if (!tree.alive) return [{ key, what: 'ended' }]
            return tree.waiting && !tree.waiting.received && !paused ? [{ key, what: 'call' }] : []
          }),
        receive(key) {
          const tree = held.get(key)?.tree
          if (!tree?.waiting || tree.waiting.received) return null
          const { id, number, args } = tree.waiting
          tree.waiting.received = true
          record = { key, id, tid: tree.pid, architecture: tree.options.architecture ?? 'x86-64', number, args }
          return record
        },
        unanswered() {
          if (record && (!held.has(record.key) || !find(record))) record = null
          return record
        },
        open(call) {
          const tree = find(call)
          return tree && callerOf(tree, () => find(call) !== null)
        },
        answer(call, answer) {
          record = null
          const tree = held.has(call.key) ? find(call) : null
          tree?.waiting?.finish(answer)
          return tree !== null
        },
        [Symbol.dispose]: () => held.clear(),
      }
    },
  }
}

function callerOf(tree: Tree, isValid: () => boolean): Caller {
  const { memory, options } = tree
  const credentials: Credentials = { ...ROOT, ...options.credentials }
  /** What lies at the address and after it. */
  const at = (address: bigint): Buffer | null => {
    for (const [start, bytes] of memory) {
      const offset = Number(address - start)
      if (offset >= 0 && offset < bytes.length) return bytes.subarray(offset)
    }
    return null
  }
  const read: Caller['read'] = (address, length) => {
    const bytes = at(address)?.subarray(0, length)
    const copy = bytes ? Buffer.from(bytes) : null
    options.onRead?.(memory)
    return copy
  }
  return {
    read,
    text(address, most) {
      const bytes = read(address, most)
      const end = bytes?.indexOf(0) ?? -1
      return bytes && end >= 0 ? bytes.subarray(0, end) : null
    },
    write: (address, bytes) => bytes.copy(at(address) ?? Buffer.alloc(0)) === bytes.length,
    credentials: () => credentials,
    sharesUserNamespace: (pid) => pid === (options.userNamespaceOf ?? tree.pid),
    isOnRootOf: (fd, pid) => pid === options.userNamespaceOf && (options.onRoot ?? []).includes(fd),
    makeDevice(node) {
      const same = tree.devices.find(({ path }) => path.equals(node.path))
      if (same && !node.again) throw new SystemCallFailed('mknodat', constants.errno.EEXIST)
      if (!same) tree.devices.push(node)
      return { takeBack: () => void tree.devices.splice(tree.devices.indexOf(node), 1), [Symbol.dispose]: () => undefined }
    },
    isValid,
    [Symbol.dispose]: () => undefined,
  }
}
