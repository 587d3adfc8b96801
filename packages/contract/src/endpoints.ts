/** Method and path of every route. Apart from routes.ts, so that a client can call them without loading the schemas. */

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
}

export const endpoints = {
  nodeShow: { method: 'GET', path: '/v1/node' },
  health: { method: 'GET', path: '/v1/health' },

  vpsList: { method: 'GET', path: '/v1/vps' },
  vpsCreate: { method: 'POST', path: '/v1/vps' },
  vpsShow: { method: 'GET', path: '/v1/vps/:vps' },
  vpsChange: { method: 'PATCH', path: '/v1/vps/:vps' },
  vpsDestroy: { method: 'DELETE', path: '/v1/vps/:vps' },
  vpsBoot: { method: 'GET', path: '/v1/vps/:vps/boot' },
  vpsStart: { method: 'POST', path: '/v1/vps/:vps/start' },
  vpsStop: { method: 'POST', path: '/v1/vps/:vps/stop' },
  vpsRestart: { method: 'POST', path: '/v1/vps/:vps/restart' },
  vpsSuspend: { method: 'POST', path: '/v1/vps/:vps/suspend' },
  vpsResume: { method: 'POST', path: '/v1/vps/:vps/resume' },
  vpsRename: { method: 'POST', path: '/v1/vps/:vps/rename' },
  quotaList: { method: 'GET', path: '/v1/vps/:vps/quota' },
  quotaSet: { method: 'PATCH', path: '/v1/vps/:vps/quota' },
  quotaGrace: { method: 'PATCH', path: '/v1/vps/:vps/quota/grace' },
  snapshotList: { method: 'GET', path: '/v1/vps/:vps/snapshots' },
  snapshotCreate: { method: 'POST', path: '/v1/vps/:vps/snapshots' },
  snapshotRemove: { method: 'DELETE', path: '/v1/vps/:vps/snapshots/:snapshot' },
  snapshotRollback: { method: 'POST', path: '/v1/vps/:vps/snapshots/:snapshot/rollback' },
  vpsClone: { method: 'POST', path: '/v1/vps/:vps/clone' },
  vpsRebase: { method: 'POST', path: '/v1/vps/:vps/rebase' },
  vpsMount: { method: 'POST', path: '/v1/vps/:vps/mount' },
  vpsUnmount: { method: 'POST', path: '/v1/vps/:vps/unmount' },
  vpsMove: { method: 'POST', path: '/v1/vps/:vps/move' },
  vpsLog: { method: 'GET', path: '/v1/vps/:vps/log' },

  templateList: { method: 'GET', path: '/v1/templates' },
  templateShow: { method: 'GET', path: '/v1/templates/:template' },
  templateBuild: { method: 'POST', path: '/v1/templates' },
  templateImport: { method: 'POST', path: '/v1/templates/import' },
  templateRemove: { method: 'DELETE', path: '/v1/templates/:template' },
  templateManifest: { method: 'GET', path: '/v1/templates/:template/manifest' },
  templateSbom: { method: 'GET', path: '/v1/templates/:template/sbom' },
  templateDiff: { method: 'GET', path: '/v1/templates/:template/diff' },
  definitionNew: { method: 'POST', path: '/v1/template-definitions' },
  definitionLint: { method: 'POST', path: '/v1/template-definitions/lint' },
  templateDefinitions: { method: 'GET', path: '/v1/template-definitions' },

  appList: { method: 'GET', path: '/v1/apps' },
  appShow: { method: 'GET', path: '/v1/apps/:app' },
  appAdd: { method: 'POST', path: '/v1/apps/add' },
  appUpgrade: { method: 'POST', path: '/v1/apps/upgrade' },
  appRemove: { method: 'POST', path: '/v1/apps/remove' },
  templateUsage: { method: 'GET', path: '/v1/template-usage' },

  updateStatus: { method: 'GET', path: '/v1/updates' },
  updateApply: { method: 'POST', path: '/v1/updates/apply' },

  vzfsRelink: { method: 'POST', path: '/v1/vzfs/relink' },
  vzfsMounts: { method: 'GET', path: '/v1/vzfs/mounts' },
  vzfsDf: { method: 'GET', path: '/v1/vzfs/df' },
  vzfsResidency: { method: 'GET', path: '/v1/vzfs/residency' },
  vzfsCheck: { method: 'POST', path: '/v1/vzfs/check' },
  vzfsGc: { method: 'POST', path: '/v1/vzfs/gc' },
  volumeList: { method: 'GET', path: '/v1/vzfs/volumes' },
  volumeAdd: { method: 'POST', path: '/v1/vzfs/volumes' },
  volumeChange: { method: 'PATCH', path: '/v1/vzfs/volumes/:volume' },
  volumeRemove: { method: 'DELETE', path: '/v1/vzfs/volumes/:volume' },

  taskList: { method: 'GET', path: '/v1/tasks' },
  taskShow: { method: 'GET', path: '/v1/tasks/:task' },
  taskCancel: { method: 'POST', path: '/v1/tasks/:task/cancel' },
  taskSecrets: { method: 'POST', path: '/v1/tasks/:task/secrets' },
  taskLog: { method: 'GET', path: '/v1/tasks/:task/log' },

  doctor: { method: 'GET', path: '/v1/doctor' },
  doctorRepair: { method: 'POST', path: '/v1/doctor/repair' },
  recover: { method: 'POST', path: '/v1/recover' },

  metrics: { method: 'GET', path: '/v1/metrics' },

  openapi: { method: 'GET', path: '/v1/openapi.json' },
} as const satisfies Readonly<Record<string, Endpoint>>

export type RouteName = keyof typeof endpoints

/** Not requests with an answer: a stream of server-sent events, and two WebSockets. */
export const streams = {
  events: { method: 'GET', path: '/v1/events' },
  exec: { method: 'GET', path: '/v1/vps/:vps/exec' },
  console: { method: 'GET', path: '/v1/vps/:vps/console' },
} as const satisfies Readonly<Record<string, Endpoint>>

/** The path with its `:names` filled in, each escaped. */
export function pathFor(path: string, params: Readonly<Record<string, string | number>> = {}): string {
  return path.replace(/:([a-z]+)/g, (_, name: string) => {
    const value = params[name]
    if (value === undefined || value === '') throw new TypeError(`path ${path} needs a value for ${name}`)
    return encodeURIComponent(String(value))
  })
}
