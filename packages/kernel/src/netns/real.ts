/** InNetworkOf on the running kernel. setns(2). */

import { closeSync, openSync } from 'node:fs'
import { libc } from '../libc/libc.ts'

const CLONE_NEWNET = 0x40000000

export function inNetworkOf<T>(pid: number, start: () => T): T {
  const here = openSync('/proc/thread-self/ns/net', 'r')
  try {
    const there = openSync(`/proc/${pid}/ns/net`, 'r')
    try {
      libc.setns(`setns(network of ${pid})`, there, CLONE_NEWNET)
    } finally {
      closeSync(there)
    }
    try {
      return start()
    } finally {
      libc.setns('setns(own network)', here, CLONE_NEWNET)
    }
  } finally {
    closeSync(here)
  }
}
