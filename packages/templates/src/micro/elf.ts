/** Whether a program needs nothing but the kernel. elf(5), 64-bit little-endian. */

const PT_INTERP = 3

/** False for whatever is no 64-bit ELF program. */
export function isStaticProgram(bytes: Buffer): boolean {
  const HEADER = 64
  if (bytes.length < HEADER || bytes.toString('latin1', 0, 4) !== '\x7fELF' || bytes[4] !== 2 || bytes[5] !== 1) return false
  const offset = Number(bytes.readBigUInt64LE(32))
  const [size, count] = [bytes.readUInt16LE(54), bytes.readUInt16LE(56)]
  if (count === 0 || size < 4 || offset + size * count > bytes.length) return false
  return !Array.from({ length: count }, (_, index) => bytes.readUInt32LE(offset + index * size)).includes(PT_INTERP)
}
