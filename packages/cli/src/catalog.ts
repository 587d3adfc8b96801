/** Every command by name, each loaded only when it is run (or when all are, for help and completion). */

import type { AnyCommand } from './command.ts'

type Load = () => Promise<AnyCommand>

export const catalog: Readonly<Record<string, Load>> = {
  create: async () => (await import('./commands/create.ts')).create,
  list: async () => (await import('./commands/list.ts')).list,
  show: async () => (await import('./commands/show.ts')).show,
  start: async () => (await import('./commands/start.ts')).start,
  stop: async () => (await import('./commands/stop.ts')).stop,
  restart: async () => (await import('./commands/restart.ts')).restart,
  suspend: async () => (await import('./commands/suspend.ts')).suspend,
  resume: async () => (await import('./commands/resume.ts')).resume,
  destroy: async () => (await import('./commands/destroy.ts')).destroy,
  set: async () => (await import('./commands/set.ts')).set,
  rename: async () => (await import('./commands/rename.ts')).rename,
  exec: async () => (await import('./commands/exec.ts')).exec,
  enter: async () => (await import('./commands/enter.ts')).enter,
  console: async () => (await import('./commands/console.ts')).console,
  logs: async () => (await import('./commands/logs.ts')).logs,
  clone: async () => (await import('./commands/clone.ts')).clone,
  'snapshot create': async () => (await import('./commands/snapshot-create.ts')).snapshotCreate,
  'snapshot list': async () => (await import('./commands/snapshot-list.ts')).snapshotList,
  'snapshot remove': async () => (await import('./commands/snapshot-remove.ts')).snapshotRemove,
  'snapshot rollback': async () => (await import('./commands/snapshot-rollback.ts')).snapshotRollback,
  'snapshot schedule': async () => (await import('./commands/snapshot-schedule.ts')).snapshotSchedule,
  'quota list': async () => (await import('./commands/quota-list.ts')).quotaList,
  'quota set': async () => (await import('./commands/quota-set.ts')).quotaSet,
  'quota grace': async () => (await import('./commands/quota-grace.ts')).quotaGrace,
  'template list': async () => (await import('./commands/template-list.ts')).templateList,
  'template show': async () => (await import('./commands/template-show.ts')).templateShow,
  'template build': async () => (await import('./commands/template-build.ts')).templateBuild,
  'template update': async () => (await import('./commands/template-update.ts')).templateUpdate,
  'template diff': async () => (await import('./commands/template-diff.ts')).templateDiff,
  'template new': async () => (await import('./commands/template-new.ts')).templateNew,
  'template lint': async () => (await import('./commands/template-lint.ts')).templateLint,
  'template import': async () => (await import('./commands/template-import.ts')).templateImport,
  'template remove': async () => (await import('./commands/template-remove.ts')).templateRemove,
  'vzfs relink': async () => (await import('./commands/vzfs-relink.ts')).vzfsRelink,
  'vzfs rebase': async () => (await import('./commands/vzfs-rebase.ts')).vzfsRebase,
  'vzfs mount': async () => (await import('./commands/vzfs-mount.ts')).vzfsMount,
  'vzfs umount': async () => (await import('./commands/vzfs-umount.ts')).vzfsUmount,
  'vzfs mounts': async () => (await import('./commands/vzfs-mounts.ts')).vzfsMounts,
  'vzfs df': async () => (await import('./commands/vzfs-df.ts')).vzfsDf,
  'vzfs residency': async () => (await import('./commands/vzfs-residency.ts')).vzfsResidency,
  'vzfs check': async () => (await import('./commands/vzfs-check.ts')).vzfsCheck,
  'vzfs gc': async () => (await import('./commands/vzfs-gc.ts')).vzfsGc,
  'task list': async () => (await import('./commands/task-list.ts')).taskList,
  'task show': async () => (await import('./commands/task-show.ts')).taskShow,
  'task cancel': async () => (await import('./commands/task-cancel.ts')).taskCancel,
  events: async () => (await import('./commands/events.ts')).events,
  metrics: async () => (await import('./commands/metrics.ts')).metrics,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  recover: async () => (await import('./commands/recover.ts')).recover,
  version: async () => (await import('./commands/version.ts')).version,
  completion: async () => (await import('./commands/completion.ts')).completion,
  complete: async () => (await import('./commands/complete.ts')).complete,
}

/** Commands that have commands below them. */
export const groups: Readonly<Record<string, string>> = {
  snapshot: 'snapshots of the private files of a VPS: create, list, remove, rollback, schedule',
  quota: 'Disk quota of users and groups inside a VPS: list, set, grace',
  template: 'OS templates: build, update, import, list, show, diff, remove; their definitions: new, lint',
  vzfs: 'the shared file system: df, residency, relink, rebase, mount, umount, mounts, check, gc',
  task: 'tasks of the node: list, show, cancel',
}

export async function allCommands(): Promise<readonly AnyCommand[]> {
  return Promise.all(Object.values(catalog).map((load) => load()))
}
