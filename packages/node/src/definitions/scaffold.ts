/** Begins a definition: a directory with a template.yaml that is valid and says what can be put there. */

import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DefinitionNew } from '@insula/contract'
import { failure } from '../failures.ts'
import { TEMPLATE_FILE } from './definition-files.ts'
import type { Definitions } from './shelf.ts'

export type ScaffoldWish = DefinitionNew

export interface Scaffolded {
  readonly directory: string
  readonly files: readonly string[]
}

/** It appears by one rename. @throws ApiFailure conflict when it is there already, template_unknown for `from` */
export async function scaffold(definitions: Definitions, { name, kind = 'os', from }: ScaffoldWish): Promise<Scaffolded> {
  const directory = join(definitions.own, name)
  const doing = `cannot begin definition "${name}"`
  if (
    await stat(directory).then(
      () => true,
      () => false,
    )
  )
    throw failure('conflict', `${doing}: ${directory} is there already`, 'choose another name, or edit that one')
  const based = from === undefined ? null : ((await definitions.list()).find((one) => one.name === from) ?? null)
  if (from !== undefined && based === null)
    throw failure('template_unknown', `${doing}: there is no definition "${from}"`, 'see `insula template list --available`')
  const ofKind = based?.kind ?? kind
  const files: Readonly<Record<string, string>> =
    based !== null ? { [TEMPLATE_FILE]: differences(based.name, ofKind) } : ofKind === 'os' ? NEW_OS : NEW_APP
  const staged = join(definitions.own, `.new-${randomBytes(6).toString('hex')}`)
  await mkdir(join(staged, 'scripts'), { recursive: true, mode: 0o755 })
  try {
    for (const [file, text] of Object.entries(files)) await writeFile(join(staged, file), text, { mode: 0o644 })
    await rename(staged, directory)
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
  return { directory, files: Object.keys(files) }
}

const differences = (
  base: string,
  kind: string,
): string => `# States only what differs from ${base}: maps are merged, everything else replaces, null removes.
extends: ${base}
kind: ${kind}
# description: what it is
`

const NEW_OS: Readonly<Record<string, string>> = {
  [TEMPLATE_FILE]: `# See docs/templates.md, and check it with: insula template lint NAME
kind: os
description: Debian 13, ours
family: debian
distribution: debian
release: "13"
init:
  kind: systemd
  stopSignal: SIGRTMIN+3
  ready: systemd
install:
  with: mmdebstrap
  suite: trixie
  packages:
    - systemd-sysv
    - dbus
    - iproute2
files:
  /etc/resolv.conf: {contents: ""}
  /etc/hostname: {contents: "localhost\\n"}
  /etc/machine-id: {contents: ""}
scripts:
  - phase: post-install
    where: vps
    run: scripts/post-install.sh
    seconds: 60
`,
  'scripts/post-install.sh': `#!/bin/sh
# Runs in the system once its packages are installed, as its root.
set -eu
echo "$INSULA_TEMPLATE is set up"
`,
}

const NEW_APP: Readonly<Record<string, string>> = {
  [TEMPLATE_FILE]: `# See docs/templates.md, and check it with: insula template lint NAME
kind: app
description: a web server
fits: [debian]
packages:
  debian: [nginx]
parameters:
  port: {type: port, about: where it listens, default: 80}
scripts:
  - phase: post-install
    where: vps
    run: scripts/post-install.sh
    seconds: 60
health:
  command: [systemctl, is-active, nginx]
  attempts: 10
`,
  'scripts/post-install.sh': `#!/bin/sh
# Runs in the VPS, as its root. Parameters are INSULA_PARAM_NAME.
set -eu
echo "it listens on port $INSULA_PARAM_PORT"
`,
}
