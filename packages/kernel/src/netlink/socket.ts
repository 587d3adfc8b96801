/**
 * Talks to the kernel's network configuration: rtnetlink(7). A socket belongs for good to the network namespace that its thread was in when
 * it was made, so it is the way into another namespace: whoever makes it there can use it from anywhere.
 *
 * Another process may hold the lock of all network configuration (RTNL), and the kernel does what a message asks for while the message is
 * written. So messages are written, and lists read, in one of libuv's worker threads (Node's own fs calls do that for any descriptor). The other answers
 * are there as soon as the message is written, and are read at once.
 */

import { closeSync, read, readSync, write } from 'node:fs'
import { promisify } from 'node:util'
import { libc } from '../libc/libc.ts'
import { decodeMessages, encodeMessage, type Message } from './message.ts'
import { DONE, OUTCOME, refusalIn } from './outcome.ts'
import type { NetworkRefused } from './refused.ts'

export interface Request {
  /** What it does to what, for errors: "add the address 192.0.2.7/32 to eth0". */
  readonly action: string
  readonly type: number
  /** Besides those that every request has. */
  readonly flags?: number
  readonly body: Buffer
}

export interface Answer {
  /** Bodies of the messages that tell what was asked. */
  readonly bodies: readonly Buffer[]
  readonly refusal: NetworkRefused | null
}

/** For one call at a time. */
export interface Rtnetlink extends Disposable {
  /** All in one system call or few, in order. The kernel goes on after one that it refuses. */
  exchange(requests: readonly Request[]): Promise<Answer[]>
  /** Bodies of everything of a kind. @throws NetworkRefused */
  list(request: Request): Promise<Buffer[]>
}

const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC_NONBLOCK = 3 | 0x80000 | 0x800
const NETLINK_ROUTE = 0
const SOL_NETLINK = 270
/** Short acknowledgements; explanations in them; questions that are more than "everything". linux/netlink.h */
const OPTIONS = { capAck: 10, extAck: 11, strictCheck: 12 } as const

const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_DUMP = 0x300
/** Something changed while the list was told: it may lack what was there all the time. */
const NLM_F_DUMP_INTR = 0x10
const LIST_ATTEMPTS = 10

/** The kernel tells lists in pieces of at most 32 KiB, and nothing else here is longer. */
const LONGEST_ANSWER = 64 * 1024
/** Their answers, a few hundred bytes each, have to fit the socket's buffer (208 KiB). */
const MOST_AT_ONCE = 64

const [writeInWorker, readInWorker] = [promisify(write), promisify(read)]

let last: Promise<unknown> = Promise.resolve()

/** One call at a time: the kernel does no two at once, and each that waited for the lock would hold one of the few worker threads. */
function inTurn<T>(call: () => Promise<T>): Promise<T> {
  const turn = last.then(call)
  last = turn.catch(() => undefined)
  return turn
}

/** In the network namespace that this thread is in. */
export function openRtnetlink(): Rtnetlink {
  const socket = libc.socket('socket(AF_NETLINK)', AF_NETLINK, SOCK_RAW_CLOEXEC_NONBLOCK, NETLINK_ROUTE)
  for (const [name, option] of Object.entries(OPTIONS)) {
    libc.setsockopt(`setsockopt(netlink ${name})`, socket, SOL_NETLINK, option, ON, ON.length)
  }
  let sequence = 0
  const send = async (requests: readonly Request[], flagsOf: (request: Request) => number): Promise<number> => {
    const first = sequence + 1
    sequence += requests.length
    const messages = requests.map((request, index) =>
      encodeMessage({ ...request, flags: NLM_F_REQUEST | flagsOf(request), sequence: first + index }),
    )
    try {
      await inTurn(() => writeInWorker(socket, Buffer.concat(messages)))
    } catch (error) {
      throw new Error(`cannot ${requests[0]?.action}: the request did not reach the kernel: ${(error as Error).message}`, {
        cause: error,
      })
    }
    return first
  }
  const exchange = async (requests: readonly Request[]): Promise<Answer[]> => {
    const first = await send(requests, ({ flags = 0 }) => flags | NLM_F_ACK)
    const bodies = requests.map((): Buffer[] => [])
    const outcomes = new Map<number, NetworkRefused | null>()
    while (outcomes.size < requests.length) {
      for (const message of readNow(socket)) {
        const index = message.sequence - first
        const request = requests[index]
        if (!request) continue
        if (message.type === OUTCOME) outcomes.set(index, refusalIn(message, request.action))
        else bodies[index]?.push(message.body)
      }
    }
    return requests.map((_, index) => ({ bodies: bodies[index] ?? [], refusal: outcomes.get(index) ?? null }))
  }
  /** Null when it changed meanwhile. */
  const listOnce = async (request: Request): Promise<Buffer[] | null> => {
    const first = await send([request], () => NLM_F_DUMP)
    const bodies: Buffer[] = []
    for (let whole = true; ;) {
      const piece = Buffer.allocUnsafe(LONGEST_ANSWER)
      const { bytesRead } = await inTurn(() => readInWorker(socket, piece, 0, piece.length, null))
      for (const message of decodeMessages(piece.subarray(0, bytesRead))) {
        if (message.sequence !== first) continue
        if (message.flags & NLM_F_DUMP_INTR) whole = false
        if (message.type !== DONE && message.type !== OUTCOME) {
          bodies.push(message.body)
          continue
        }
        const refusal = refusalIn(message, request.action)
        if (refusal) throw refusal
        return whole ? bodies : null
      }
    }
  }
  return {
    async exchange(requests) {
      const answers: Answer[] = []
      for (let start = 0; start < requests.length; start += MOST_AT_ONCE) {
        answers.push(...(await exchange(requests.slice(start, start + MOST_AT_ONCE))))
      }
      return answers
    },
    async list(request) {
      for (let attempt = 0; attempt < LIST_ATTEMPTS; attempt++) {
        const bodies = await listOnce(request)
        if (bodies) return bodies
      }
      throw new Error(`cannot ${request.action}: it changed ${LIST_ATTEMPTS} times while it was read; try again`)
    },
    [Symbol.dispose]: () => closeSync(socket),
  }
}

const ON = Buffer.of(1, 0, 0, 0)

const scratch = Buffer.alloc(LONGEST_ANSWER)

function readNow(socket: number): Message[] {
  return decodeMessages(Buffer.from(scratch.subarray(0, readSync(socket, scratch))))
}
