/** What brings a volume back that is missing. */

export const COME_BACK = 'mount what belongs there, then run `insula doctor --repair`'
