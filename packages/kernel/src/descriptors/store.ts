/** Gives descriptors into the keeping of the supervisor, which hands them to the next process of this service: sd_pid_notify_with_fds(3). */

import { NOTIFY_RETRY_MS, type NotifySend, openNotifySocket } from './notify.ts'

export interface DescriptorStore {
  /** Keeps a copy of `fd` under `name`; the caller's own must stay open until `drop`. Does nothing when nobody supervises us. */
  store(name: string, fd: number): void
  drop(name: string): void
}

interface Message {
  readonly name: string
  readonly text: string
  readonly fd?: number
}

export function openDescriptorStore(): DescriptorStore {
  const send = openNotifySocket()
  return send ? storeOver(send) : { store: () => undefined, drop: () => undefined }
}

export function storeOver(send: NotifySend): DescriptorStore {
  let waiting: Message[] = []

  const flush = (): void => {
    while (waiting[0] && send(waiting[0].text, waiting[0].fd)) waiting.shift()
    if (waiting.length > 0) setTimeout(flush, NOTIFY_RETRY_MS).unref()
  }
  const post = (message: Message): void => {
    // Order matters, so nothing overtakes what waits.
    if (waiting.length === 0 && send(message.text, message.fd)) return
    waiting.push(message)
    if (waiting.length === 1) setTimeout(flush, NOTIFY_RETRY_MS).unref()
  }

  return {
    store(name, fd) {
      // FDPOLL=0: systemd would drop a pty's master whenever nobody has the slave open.
      post({ name: checked(name), text: `FDSTORE=1\nFDPOLL=0\nFDNAME=${name}`, fd })
    },
    drop(name) {
      waiting = waiting.filter((message) => message.name !== name)
      post({ name: checked(name), text: `FDSTOREREMOVE=1\nFDNAME=${name}` })
    },
  }
}

/** Names are joined by colons in LISTEN_FDNAMES. sd_notify(3) allows this and no more. */
export const DESCRIPTOR_NAME = /^[\x20-\x39\x3b-\x7e]{1,255}$/

function checked(name: string): string {
  if (!DESCRIPTOR_NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} cannot name a descriptor`)
  return name
}
