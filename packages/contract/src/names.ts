/** What a VPS may be called. A name starts with a letter, so it can never be mistaken for an id. */

export const VPS_NAME_RULE = '1 to 32 lower-case letters, digits and hyphens, a letter first, no hyphen last'
export const HOSTNAME_RULE = 'labels of letters, digits and hyphens joined by dots, at most 64 characters in all'

export const SNAPSHOT_NAME_RULE = '1 to 64 letters, digits and . _ -, a letter or digit first'

export const VOLUME_NAME_RULE = '1 to 16 lower-case letters, digits and hyphens, a letter first, no hyphen last'
/** The volume that `./up` made, or was given. */
export const FIRST_VOLUME = 'default'

export const TEMPLATE_RULE = 'a template such as "debian-12", or a version such as "debian-12@2026-11-23.1"'

export const TEMPLATE_REF = /^[a-z][a-z0-9.-]{0,40}(?:@[0-9a-zA-Z][0-9a-zA-Z._-]{0,50})?$/

const VPS_NAME = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

export function isVpsName(text: string): boolean {
  return VPS_NAME.test(text)
}

export const isSnapshotName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)

export const isVolumeName = (text: string): boolean => /^[a-z](?:[a-z0-9-]{0,14}[a-z0-9])?$/.test(text)

export function isVpsId(text: string): boolean {
  return /^[1-9][0-9]{0,8}$/.test(text)
}

/** sethostname(2) takes 64 bytes; RFC 1123 says what a label is. */
export function isHostname(text: string): boolean {
  return text.length <= 64 && text.split('.').every((label) => LABEL.test(label))
}
