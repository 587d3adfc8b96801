/** Addresses and names as text and as the kernel's bytes. What is none is a TypeError. */

import { isIPv4, isIPv6 } from 'node:net'

export const AF_INET = 2
export const AF_INET6 = 10

/** IFNAMSIZ without the NUL. */
const LONGEST_NAME = 15

export interface Network {
  readonly family: typeof AF_INET | typeof AF_INET6
  readonly address: Buffer
  readonly length: number
}

export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  if (!isIPv6(address) || address.includes('%')) throw new TypeError(`"${address}" is not an IP address`)
  // Groups in hexadecimal, with at most one "::", also for what ends like an IPv4 address.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [before = [], after = []] = groups.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = bytes.toString('hex').match(/.{4}/g) ?? []
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** "192.0.2.7/32" */
export function networkOf(cidr: string): Network {
  const [, text = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? []
  if (text === '') throw new TypeError(`"${cidr}" is not an address with the length of its network`)
  const address = addressBytes(text)
  const length = Number(digits)
  if (length > address.length * 8) throw new TypeError(`"${cidr}": ${length} is more bits than such an address has`)
  return { family: familyOf(address), address, length }
}

/** @param address null in answers about the network of all addresses */
export const cidrText = (family: number, address: Buffer | null, length: number): string =>
  `${addressText(address ?? Buffer.alloc(family === AF_INET ? 4 : 16))}/${length}`

export const familyOf = (address: Buffer): Network['family'] => (address.length === 4 ? AF_INET : AF_INET6)

export function macBytes(mac: string): Buffer {
  if (!/^[\da-f]{2}(?::[\da-f]{2}){5}$/i.test(mac)) throw new TypeError(`"${mac}" is not a hardware address`)
  return Buffer.from(mac.replaceAll(':', ''), 'hex')
}

export const macText = (bytes: Buffer): string => bytes.toString('hex').replaceAll(/..(?=.)/g, '$&:')

export function linkName(name: string): string {
  if (name.length > LONGEST_NAME) throw new TypeError(`the link name ${name} is longer than ${LONGEST_NAME} bytes`)
  if (!/^[\w.@-]+$/.test(name)) throw new TypeError(`"${name}" cannot be the name of a network link`)
  return name
}
