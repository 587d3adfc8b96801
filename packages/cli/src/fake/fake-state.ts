/** What the fake node knows, and its answer to each route. */

import { existsSync, readFileSync } from 'node:fs'
import type { WebSocket } from 'ws'
import {
  type ApiError,
  ApiFailure,
  type Boot,
  type Event,
  type RouteName,
  type Task,
  type Template,
  type Vps,
  type VpsCreate,
  type VpsState,
  type Volume,
} from '@insula/contract'
import { changed, listed } from './fake-change.ts'
import { FINDINGS, nodeHealth, nodeInfo } from './fake-node-info.ts'
import { quotaAnswer } from './fake-quota.ts'
import { snapshotAnswer } from './fake-snapshot.ts'
import { settled, task } from './fake-task.ts'
import { relinkResult } from './fake-relink.ts'
import { fakeDefinition, fakeDiff, fakeLint, fakeTemplate, templateIn as template } from './fake-template.ts'
import { mountAnswer, mountedFiles } from './fake-mount.ts'
import { updateAnswer } from './fake-update.ts'
import { fakeVolume, moveToVolume, volumeAnswer } from './fake-volume.ts'
import { vzfsFigures, vzfsResult } from './fake-vzfs.ts'

export interface FakeRequest {
  readonly name: RouteName
  readonly params: Record<string, unknown>
  readonly query: Record<string, unknown>
  readonly body: Record<string, unknown>
}

export interface FakeState {
  readonly vps: Map<number, Vps>
  readonly tasks: Task[]
  readonly templates: Template[]
  readonly volumes: Volume[]
  readonly events: Event[]
  readonly requests: FakeRequest[]
  /** Archives that could be read when they were to be imported. */
  readonly archives: Buffer[]
  readonly sockets: Set<WebSocket>
  readonly listeners: Set<(event: Event) => void>
  /** What the console of every VPS shows. */
  scrollback: string
  /** Of the node, bytes. */
  swap: number
  /** Instead of opening it. */
  consoleRefusal: ApiError | null
  /** By commands of exec, that left towards the client. */
  sentBytes: number
  /** How long a task runs. */
  taskMilliseconds: number
  /** The next task fails with this. */
  failNext: ApiFailure | null
  /** Answers to `vpsBoot`, one after the other; the last one stays. */
  boots: Boot[]
  /** What is wrong with the node. */
  readonly problems: string[]
  /** What a check of the volume finds. */
  readonly volumeProblems: string[]
  /** What `recover` finds. */
  damaged: { readonly vps: number; readonly reason: string }[]
  find(ref: string): Vps | undefined
}

export const EPOCH = '2026-01-02T03:04:05.000Z'

export function fakeState(): FakeState {
  const vps = new Map<number, Vps>()
  return {
    vps,
    tasks: [],
    volumes: [fakeVolume('default')],
    templates: [fakeTemplate('debian-12'), fakeTemplate('micro')],
    events: [],
    damaged: [],
    problems: [],
    volumeProblems: [],
    swap: 0,
    requests: [],
    archives: [],
    sockets: new Set(),
    listeners: new Set(),
    scrollback: '',
    consoleRefusal: null,
    sentBytes: 0,
    taskMilliseconds: 0,
    failNext: null,
    boots: [{ state: 'up', says: 'running', failed: [] }],
    find: (ref) => vps.get(Number(ref)) ?? [...vps.values()].find((one) => one.name === ref),
  }
}

export function fakeVps(id: number, name: string, changes: Partial<Vps> = {}): Vps {
  const running = changes.state === 'running'
  return {
    id,
    name,
    state: 'stopped',
    hostname: name,
    template: 'debian-12@2026-01-01.1',
    volume: 'default',
    addresses: [`10.77.${id >> 8}.${id & 255}`],
    dns: [],
    nat: true,
    limits: {
      memory: 1024 ** 3,
      swap: 0,
      cpuUnits: 1000,
      cpuLimit: null,
      cpus: null,
      pids: 1000,
      disk: null,
      diskSoft: null,
      inodes: null,
      inodesSoft: null,
    },
    apps: [],
    labels: {},
    plan: null,
    quotaUgid: 0,
    onboot: false,
    bootOrder: 100,
    snapshots: null,
    share: 'all',
    relinkDue: false,
    updates: 'pinned',
    updatedTo: null,
    createdAt: EPOCH,
    startedAt: running ? EPOCH : null,
    pid: running ? 4000 + id : null,
    lastExit: null,
    problem: null,
    usage: running ? { memory: 60 * 1024 * 1024, swap: 0, pids: 12, cpuMicroseconds: 92_000_000 } : null,
    disk: null,
    ...changes,
  }
}

export async function answerTo(
  state: FakeState,
  name: RouteName,
  { params, query, body }: Omit<FakeRequest, 'name'>,
): Promise<unknown> {
  const known = () => {
    const found = state.find(String(params['vps']))
    if (found === undefined) throw new ApiFailure({ code: 'not_found', message: `there is no VPS '${String(params['vps'])}'` })
    return found
  }
  const wait = Number(query['wait'] ?? 0) * 1000
  const move = (kind: string, to: VpsState) => {
    const vps = known()
    if (vps.state === to) throw new ApiFailure({ code: 'conflict', message: `${vps.name} is ${to} already` })
    return task(
      state,
      kind,
      vps.id,
      vps.name,
      wait,
      () => void state.vps.set(vps.id, fakeVps(vps.id, vps.name, { ...vps, ...runtime(vps, to) })),
    )
  }
  switch (name) {
    case 'vpsList':
      return { vps: listed(state.vps.values(), query) }
    case 'vpsShow':
      return {
        vps: {
          ...known(),
          disk: { bytes: 5_000_000, inodes: 120, enforced: false, bytesGraceEnds: null, inodesGraceEnds: null },
        },
      }
    case 'vpsBoot':
      known()
      return { boot: state.boots.length > 1 ? state.boots.shift() : state.boots[0] }
    case 'vpsLog':
      known()
      return { text: state.scrollback }
    case 'vpsCreate':
      return create(state, body as unknown as VpsCreate, wait)
    case 'vpsStart':
    case 'vpsResume':
      return move(name === 'vpsStart' ? 'vps.start' : 'vps.resume', 'running')
    case 'vpsStop':
      return move('vps.stop', 'stopped')
    case 'vpsSuspend':
      return move('vps.suspend', 'suspended')
    case 'vpsRestart':
      return task(state, 'vps.restart', known().id, known().name, wait)
    case 'vpsChange': {
      const vps = known()
      return task(state, 'vps.change', vps.id, vps.name, wait, () => void state.vps.set(vps.id, changed(vps, body)))
    }
    case 'vpsRename': {
      const vps = known()
      if (state.find(String(body['name'])) !== undefined) {
        throw new ApiFailure({ code: 'conflict', message: `there is a VPS '${String(body['name'])}' already` })
      }
      return task(
        state,
        'vps.rename',
        vps.id,
        vps.name,
        wait,
        () => void state.vps.set(vps.id, { ...vps, name: String(body['name']) }),
      )
    }
    case 'vpsDestroy': {
      const vps = known()
      if (vps.state === 'running' && query['force'] !== true)
        throw new ApiFailure({ code: 'conflict', message: `${vps.name} is running` })
      return task(state, 'vps.destroy', vps.id, vps.name, wait, () => void state.vps.delete(vps.id))
    }
    case 'snapshotList':
    case 'snapshotCreate':
    case 'snapshotRemove':
    case 'snapshotRollback':
    case 'vpsClone':
      return snapshotAnswer(state, name, known(), body, wait)
    case 'vpsRebase': {
      const vps = known()
      const { ref } = template(state, String(body['template']))
      return task(state, 'vps.rebase', vps.id, vps.name, wait, () => void state.vps.set(vps.id, { ...vps, template: ref }))
    }
    case 'vpsMount':
    case 'vpsUnmount':
      return mountAnswer(state, name, known(), body, wait)
    case 'vzfsMounts':
      return { mounts: [mountedFiles(101, 'web', { write: true })] }
    case 'vpsMove':
      return moveToVolume(state, known(), body, wait)
    case 'volumeList':
    case 'volumeAdd':
    case 'volumeChange':
    case 'volumeRemove':
      return volumeAnswer(state, name, { ...params, ...body }, wait)
    case 'vzfsRelink':
      return task(state, 'vzfs.relink', null, 'all', wait, () =>
        Object.assign(state.tasks.at(-1) ?? {}, { result: relinkResult([...state.vps.values()], body) }),
      )
    case 'updateStatus':
    case 'updateApply':
      return updateAnswer(state, name, body, wait)
    case 'quotaList':
    case 'quotaGrace':
    case 'quotaSet':
      return quotaAnswer(name, body)
    case 'metrics':
      return '# TYPE up gauge\nup 1\n# EOF\n'
    case 'templateList':
      return { templates: state.templates }
    case 'templateShow':
      return { template: template(state, String(params['template'])) }
    case 'templateBuild':
      return task(state, 'template.build', null, String(body['name']), wait, () =>
        Object.assign(state.tasks.at(-1) ?? {}, {
          result: { ref: `${String(body['name'])}@2026-01-01.1`, changed: body['name'] !== 'micro' },
        }),
      )
    case 'templateSbom':
      return { bomFormat: 'CycloneDX', components: [] }
    case 'templateManifest':
      throw new Error('no command asks for it')
    case 'templateDiff':
      return { diff: fakeDiff(template(state, String(params['template'])).ref, template(state, String(query['to'])).ref) }
    case 'definitionNew':
      return { directory: `/etc/insula/templates/${String(body['name'])}`, files: ['template.yaml'] }
    case 'definitionLint':
      return fakeLint(body)
    case 'templateImport':
      if (existsSync(String(body['file']))) state.archives.push(readFileSync(String(body['file'])))
      return task(state, 'template.import', null, String(body['name']), wait, () => {
        state.templates.push(fakeTemplate(String(body['name'])))
      })
    case 'templateRemove':
      return task(state, 'template.remove', null, template(state, String(params['template'])).ref, wait)
    case 'templateDefinitions':
      return {
        definitions: [
          fakeDefinition({ name: 'debian-12', description: 'Debian 12 (bookworm), minimal', built: true }),
          fakeDefinition({ name: 'debian-13', description: 'Debian 13 (trixie), minimal', built: false }),
        ],
      }
    case 'taskList':
      return { tasks: state.tasks.toReversed().slice(0, Number(query['limit'] ?? 100)) }
    case 'taskShow':
    case 'taskCancel':
    case 'taskLog': {
      const found = state.tasks.find((one) => one.id === params['task'])
      if (found === undefined) throw new ApiFailure({ code: 'not_found', message: `there is no task ${String(params['task'])}` })
      if (name === 'taskLog') return { lines: [{ at: EPOCH, text: 'begun' }] }
      if (name === 'taskCancel') Object.assign(found, { state: 'cancelled', error: { code: 'cancelled', message: 'cancelled' } })
      else await settled(found, wait)
      return { task: found }
    }
    case 'doctor':
      return { findings: FINDINGS }
    case 'doctorRepair':
      return task(state, 'doctor.repair', null, 'node', wait)
    case 'recover':
      return task(state, 'recover', null, 'node', wait, () =>
        Object.assign(state.tasks.at(-1) ?? {}, { result: { damaged: state.damaged } }),
      )
    case 'vzfsDf':
    case 'vzfsResidency':
      return vzfsFigures(name, Number(query['files'] ?? 0))
    case 'vzfsCheck':
    case 'vzfsGc': {
      const result = vzfsResult(name, body, state.volumeProblems)
      return task(state, name, null, 'node', wait, () => void Object.assign(state.tasks.at(-1) ?? {}, { result }))
    }
    case 'nodeShow':
      return nodeInfo(state)
    case 'health':
      return nodeHealth(state)
    default:
      throw new ApiFailure({ code: 'unsupported', message: `the fake node has no ${name}` })
  }
}

function runtime(vps: Vps, to: VpsState): Partial<Vps> {
  if (to === 'running')
    return { state: to, startedAt: EPOCH, pid: 4000 + vps.id, usage: { memory: 1, swap: 0, pids: 1, cpuMicroseconds: 1 } }
  return to === 'stopped' ? { state: to, startedAt: null, pid: null, usage: null } : { state: to }
}

function create(state: FakeState, body: VpsCreate, wait: number): Promise<{ task: Task }> {
  if (state.find(body.name) !== undefined)
    throw new ApiFailure({ code: 'conflict', message: `there is a VPS '${body.name}' already` })
  const { ref } = template(state, body.template)
  const id = body.id ?? Math.max(100, ...state.vps.keys()) + 1
  const { limits, addresses, start, template: _, id: __, ...rest } = body
  const vps = fakeVps(id, body.name)
  return task(state, 'vps.create', id, body.name, wait, () => {
    const made = Object.entries(rest).filter(([, value]) => value !== undefined)
    state.vps.set(id, {
      ...vps,
      ...(Object.fromEntries(made) as Partial<Vps>),
      template: ref,
      addresses: (addresses ?? []).map((one) => (one === 'auto' ? `10.77.0.${id}` : one)),
      limits: { ...vps.limits, ...(limits as Partial<Vps['limits']> | undefined) },
      ...(start === true ? runtime(vps, 'running') : {}),
    })
  })
}
