/** Steps on a socket: the indexes of their devices in one exchange, and what they ask for in another. */

import type { Answer, Rtnetlink } from '../netlink/socket.ts'
import { linkName } from './address.ts'
import { getLink } from './link-requests.ts'
import { LinkMissing, type NetworkStep } from './network.ts'
import { stepRequest } from './step-requests.ts'

/** @param known indexes of links @throws as ConfigureNetwork */
export async function configure(
  socket: Rtnetlink,
  steps: readonly NetworkStep[],
  known: ReadonlyMap<string, number> = new Map(),
): Promise<void> {
  const indexes = await withIndexes(
    socket,
    steps.map(({ device }) => device),
    known,
  )
  const requests = steps.map((step) => stepRequest(step, indexes.get(step.device) ?? 0))
  const answers = await socket.exchange(requests)
  for (const [place, { refusal }] of answers.entries()) {
    if (refusal && refusal.code !== requests[place]?.unless) throw refusal
  }
}

async function withIndexes(
  socket: Rtnetlink,
  devices: readonly string[],
  known: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, number>> {
  const unknown = [...new Set(devices)].filter((device) => !known.has(device))
  const answers = await socket.exchange(unknown.map(getLink))
  return new Map([...known, ...unknown.map((device, place) => [device, indexIn(device, answers[place])] as const)])
}

export async function indexOf(socket: Rtnetlink, device: string): Promise<number> {
  const [answer] = await socket.exchange([getLink(linkName(device))])
  return indexIn(device, answer)
}

/** @param answer to getLink */
export function indexIn(device: string, answer: Answer | undefined): number {
  if (answer?.refusal?.code === 'ENODEV') throw new LinkMissing(device)
  if (answer?.refusal) throw answer.refusal
  const [link] = answer?.bodies ?? []
  if (!link) throw new Error(`the kernel did not answer what the link ${device} is`)
  // struct ifinfomsg
  return link.readInt32LE(4)
}
