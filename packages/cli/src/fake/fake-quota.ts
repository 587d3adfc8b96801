/** What the fake node says of users and groups inside. */

export const GRACES = { user: { bytes: 604_800, inodes: 604_800 }, group: { bytes: 604_800, inodes: 604_800 } }
export const quotaEntry = (fields: object) => ({
  bytesSoft: null,
  bytesHard: null,
  inodesSoft: null,
  inodesHard: null,
  bytes: 5_000_000,
  inodes: 12,
  bytesGraceEnds: null,
  inodesGraceEnds: null,
  ...fields,
})
