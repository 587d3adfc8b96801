/** What the kernel says at the end of its answer: nlmsgerr of netlink(7), with the "extended acknowledgement" of linux/netlink.h. */

import { decodeAttributes, textOf } from './attributes.ts'
import { HEADER_BYTES, type Message } from './message.ts'
import { NetworkRefused } from './refused.ts'

/** NLMSG_ERROR: also when the error is none. */
export const OUTCOME = 2
/** NLMSG_DONE: the end of a list. */
export const DONE = 3
const NLM_F_ACK_TLVS = 0x200
const NLMSGERR_ATTR_MSG = 1

/** @param action what was asked for, for the error */
export function refusalIn({ type, flags, body }: Message, action: string): NetworkRefused | null {
  const errno = body.length < 4 ? 0 : -body.readInt32LE(0)
  if (errno === 0) return null
  // Of the message that was refused the kernel gives back the header alone: NETLINK_CAP_ACK.
  const rest = type === OUTCOME ? 4 + HEADER_BYTES : 4
  const explanation = flags & NLM_F_ACK_TLVS ? decodeAttributes(body.subarray(rest)).get(NLMSGERR_ATTR_MSG) : undefined
  return new NetworkRefused(action, errno, explanation === undefined ? null : textOf(explanation))
}
