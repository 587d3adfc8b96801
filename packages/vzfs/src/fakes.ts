/** Parts of VZFS in memory. For tests and simulations; no product code imports this. */

export { type HeldSettings, heldSettings } from './quota/held-settings.ts'
export { volumeGrace } from './quota/volume-grace.ts'
