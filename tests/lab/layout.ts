/** What the machine's image, the harness and the tests agree on. */

/** The working tree in the machine. */
export const HOME = '/opt/insula'
/** In the machine, of everything that the harness starts. */
export const COMPILE_CACHE = `${HOME}/.compile-cache`
/** XFS with project, user and group quota. */
export const VOLUME = '/srv/volume'
/** Outside of the checkout, beside the trees of templates that the system tests keep; survives runs. */
export const TREES = '/var/cache/insula-test'
export const CACHE = `${TREES}/lab`

/** Labels of file systems; udev knows them. The kernel numbers disks as it finds them, in no order. */
export const LABELS = { checkout: 'lab-checkout', trees: 'lab-trees', volume: 'lab-volume' } as const
/** Of the root disk's only partition: what the kernel can find without an initrd. */
export const ROOT_SIGNATURE = 0x1abc0de5
export const ROOT_PARTUUID = `${ROOT_SIGNATURE.toString(16)}-01`

/** Of the first node and the second one, on a network that has nothing else. */
export const MACS = ['52:54:00:66:00:01', '52:54:00:66:00:02'] as const
export const ADDRESSES = ['10.66.0.1', '10.66.0.2'] as const
