/** The hardware address of a VPS's link, the same at both ends, derived and never stored. */

/**
 * A unicast address of the locally administered quadrant that IEEE 802c leaves to administrators (second hex digit 2). Its other
 * 44 bits count ids up from the seed's place in twos, modulo 2^44, and are odd. So within one seed all are different, and two seeds, even on
 * the same segment, give the same address only when they are neighbours and one of them has ids beyond 2,047.
 * @param seed 32 bits, different for each instance and node
 * @param vpsId below 2^31
 */
export function macFor(seed: number, vpsId: number): string {
  const own = (seed * SEED_STRIDE + vpsId * 2 + 1) % 2 ** 44
  const digits = own.toString(16).padStart(11, '0')
  return `${digits.slice(0, 1)}2${digits.slice(1)}`.replaceAll(/..(?=.)/g, '$&:')
}

/** 2^44 addresses over 2^32 seeds. */
const SEED_STRIDE = 2 ** 12
