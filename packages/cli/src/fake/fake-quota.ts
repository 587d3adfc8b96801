/** Quota of users and groups, as the pretended node answers. */

const GRACES = { user: { bytes: 604_800, inodes: 604_800 }, group: { bytes: 604_800, inodes: 604_800 } }

const quotaEntry = (fields: object) => ({
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

export function quotaAnswer(name: 'quotaList' | 'quotaGrace' | 'quotaSet', body: object): unknown {
  if (name === 'quotaGrace') return { grace: { user: { ...GRACES.user, ...body }, group: GRACES.group } }
  if (name === 'quotaSet') return { entry: quotaEntry(body) }
  return {
    entries: [quotaEntry({ kind: 'user', id: 1000, bytesHard: 10 ** 9 }), quotaEntry({ kind: 'group', id: 33, inodesSoft: 100 })],
    accounted: 10,
    enforced: { user: true, group: false },
    grace: GRACES,
  }
}
