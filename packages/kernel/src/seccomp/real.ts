/** Listeners on the running kernel: ioctls on seccomp descriptors, waited for by epoll(7). */

import { closeSync } from 'node:fs'
import { libc, SystemCallFailed, waitForEvents } from '../libc/libc.ts'
import { openCaller } from './caller.ts'
import { ID_VALID, RECV, response, SEND, SET_FLAGS, SYNC_WAKE_UP } from './layout.ts'
import { openCallRecord } from './record.ts'
import type { Call, Listeners } from './seccomp.ts'

const EPOLL_CLOEXEC = 0x80000
const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLL_CTL_MOD = 3
const EPOLLIN = 1
const EPOLLHUP = 0x10

/** @param recordFd of `newCallRecord`; stays the caller's */
export function realListeners(recordFd: number): Listeners {
  const epoll = libc.epollCreate1('epoll_create1', EPOLL_CLOEXEC)
  const record = openCallRecord(recordFd)
  const descriptors = new Map<number, number>()
  const inputs = new Set<number>()
  const control = (operation: number, fd: number, key: number, events: number): void => {
    const event = Buffer.alloc(12)
    event.writeUInt32LE(events, 0)
    event.writeBigUInt64LE(BigInt(key), 4)
    libc.epollCtl(`epoll_ctl ${operation}`, epoll, operation, fd, event)
  }
  const remove = (key: number): void => {
    const fd = descriptors.get(key)
    if (fd === undefined) return
    descriptors.delete(key)
    inputs.delete(key)
    control(EPOLL_CTL_DEL, fd, key, 0)
    closeSync(fd)
  }
  const isValid = ({ key, id }: Call): boolean => {
    const fd = descriptors.get(key)
    const cookie = Buffer.alloc(8)
    cookie.writeBigUInt64LE(id)
    return fd !== undefined && unlessGone(() => libc.ioctl('SECCOMP_IOCTL_NOTIF_ID_VALID', fd, ID_VALID, cookie))
  }

  const watch = (key: number, fd: number): void => {
    if (descriptors.has(key)) throw new Error(`there is a listener ${key} already`)
    control(EPOLL_CTL_ADD, fd, key, EPOLLIN)
    descriptors.set(key, fd)
  }

  return {
    add(key, fd) {
      watch(key, fd)
      libc.ioctlAt(`SECCOMP_IOCTL_NOTIF_SET_FLAGS on ${fd}`, fd, SET_FLAGS, SYNC_WAKE_UP)
    },
    watch(key, fd) {
      watch(key, fd)
      inputs.add(key)
    },
    remove,
    pause(key, paused) {
      const fd = descriptors.get(key)
      if (fd !== undefined) control(EPOLL_CTL_MOD, fd, key, paused ? 0 : EPOLLIN)
    },
    wait: (milliseconds) =>
      waitForEvents(epoll, milliseconds).map(({ data, events }) => {
        const key = Number(data)
        if (inputs.has(key)) return { key, what: events & EPOLLIN ? 'input' : 'ended' }
        return { key, what: events & EPOLLHUP ? 'ended' : 'call' }
      }),
    receive(key) {
      const fd = descriptors.get(key)
      if (fd === undefined) return null
      record.begin(key)
      if (!unlessGone(() => libc.ioctlAt('SECCOMP_IOCTL_NOTIF_RECV', fd, RECV, record.address))) return null
      const call = record.current()
      if (call === null) record.clear()
      return call
    },
    unanswered() {
      const call = record.current()
      if (call !== null && isValid(call)) return call
      record.clear()
      return null
    },
    open: (call) => openCaller(call.tid, () => isValid(call)),
    answer(call, answer) {
      const fd = descriptors.get(call.key)
      const bytes = response(call.id, answer)
      const told = fd !== undefined && unlessGone(() => libc.ioctl('SECCOMP_IOCTL_NOTIF_SEND', fd, SEND, bytes))
      record.clear()
      return told
    },
    [Symbol.dispose]() {
      for (const key of descriptors.keys()) remove(key)
      closeSync(epoll)
    },
  }
}

/** False for what the kernel says of a caller that has died (ENOENT) or was answered (EINPROGRESS), and of a wait that a signal cut short. */
function unlessGone(ioctl: () => void): boolean {
  try {
    ioctl()
    return true
  } catch (error) {
    if (error instanceof SystemCallFailed && ['ENOENT', 'EINPROGRESS', 'EINTR'].includes(error.code)) return false
    throw error
  }
}
