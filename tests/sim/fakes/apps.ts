/** Apps of one empty package: a build makes a version of the one app that there is. */

import type { AppShelf } from '@insula/node/daemon'

type App = Awaited<ReturnType<AppShelf['build']>>

export function fakeApps(): AppShelf {
  const all: App[] = []
  const updates: App[] = []
  return {
    list: async () => [...all],
    async build(name) {
      const version = `2026-01-01.${all.length + 1}`
      const web = { name: 'web', version: `${all.length + 1}.0`, architecture: 'all', sha256: '', size: 0, file: 'web.deb' }
      const app: App = {
        kind: 'app',
        name,
        version,
        ref: `${name}@${version}`,
        definition: name,
        description: 'a web server',
        application: `${all.length + 1}.0`,
        needs: name === 'shop' ? ['web'] : [],
        parameters: {
          port: { type: 'port', about: 'where it listens', default: 80 },
          password: { type: 'secret', about: 'of its users', generate: 16 },
        },
        scripts: [{ phase: 'post-install', name: 'configure', contents: '#!/bin/sh\n', seconds: 5 }],
        health: null,
        systems: [{ os: 'micro', builtFor: [], wanted: [{ name: 'web', version: `${all.length + 1}.0` }], packages: [web] }],
        bytes: 1,
        builtAt: new Date().toISOString(),
      }
      all.push(app)
      return app
    },
    updates: async () => [...updates],
    async buildUpdates(target, before) {
      const name = `${target.split('@')[0]}-updates`
      const version = `2026-01-01.${updates.length + 1}`
      const made: App = {
        kind: 'app',
        name,
        version,
        ref: `${name}@${version}`,
        updates: target,
        definition: target,
        description: '',
        application: null,
        needs: [],
        parameters: {},
        scripts: [],
        health: null,
        systems: [{ os: target.split('@')[0] ?? '', builtFor: [...before], wanted: [], packages: [] }],
        bytes: 1,
        builtAt: new Date().toISOString(),
      }
      updates.push(made)
      return made
    },
    async remove(ref) {
      for (const list of [all, updates]) {
        const at = list.findIndex((app) => app.ref === ref)
        if (at >= 0) list.splice(at, 1)
      }
    },
    contents: async () => '/dev/null',
  }
}
