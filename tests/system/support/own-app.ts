/** An app of the provider's own, from a signed archive of the test's own: what real packages do not do, it does. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { debRepository, type DebRepository } from '../../../packages/templates/src/testing/deb-repository.ts'
import type { TestNode } from './node.ts'

export interface OwnApp {
  readonly name: string
  readonly archive: DebRepository
  /** A version of its one package, with a file of configuration. */
  publish(
    version: string,
    more?: { readonly postinst?: string; readonly files?: Readonly<Record<string, string>> },
  ): Promise<void>
}

const CONFIGURE = `#!/bin/sh
echo "mode is $INSULA_PARAM_MODE in $INSULA_VPS_NAME"
case "$INSULA_PARAM_MODE" in
  fail) echo 'no such luck' >&2; exit 3 ;;
  hang) sleep 1000 & sleep 1000 ;;
  outside) echo out > /../../../../../../insula-outside; echo b > /proc/sysrq-trigger && exit 9 ;;
esac
echo "$INSULA_PARAM_MODE" > /etc/thing-mode
`

const CLEAN = `#!/bin/sh
if [ "$INSULA_REMOVAL" != keep ]; then rm -f /etc/thing-mode; fi
`

/** @param fits the OS template that it is for */
export async function ownApp(node: TestNode, name: string, fits: string): Promise<OwnApp> {
  const beside = mkdtempSync('/var/tmp/insula-own-app-')
  const directory = join(node.instance.definitions, name)
  const archive = await debRepository(beside)
  after(async () => {
    await archive[Symbol.asyncDispose]()
    for (const path of [beside, directory]) rmSync(path, { recursive: true, force: true })
  })
  for (const part of ['keys', 'scripts']) mkdirSync(join(directory, part), { recursive: true })
  writeFileSync(join(directory, 'keys/test.gpg'), archive.key)
  writeFileSync(join(directory, 'scripts/configure.sh'), CONFIGURE)
  writeFileSync(join(directory, 'scripts/clean.sh'), CLEAN)
  writeFileSync(
    join(directory, 'template.yaml'),
    `kind: app
description: a thing of a test
fits: [${fits}]
packages:
  ${fits}: [${name}]
repositories:
  ${fits}:
    apt:
      - {name: test, address: "${archive.address}", suites: [stable], keys: [keys/test.gpg]}
mainPackage:
  ${fits}: ${name}
parameters:
  mode: {type: text, about: what its script does, default: good}
scripts:
  - {phase: post-install, where: vps, run: scripts/configure.sh, seconds: 3}
  - {phase: post-upgrade, where: vps, run: scripts/configure.sh, seconds: 3}
  - {phase: post-remove, where: vps, run: scripts/clean.sh, seconds: 3}
health:
  command: [/bin/sh, -c, 'test "$(cat /etc/thing-mode)" != ill']
  attempts: 2
  everySeconds: 0.1
`,
  )
  return {
    name,
    archive,
    async publish(version, { postinst, files = {} } = {}) {
      await archive.add({
        name,
        version,
        files: {
          [`etc/${name}.conf`]: `of ${version}\n`,
          [`usr/bin/${name}`]: `#!/bin/sh\n# ${'x'.repeat(9_000)}\necho ${version}\n`,
          ...files,
        },
        conffiles: [`/etc/${name}.conf`],
        ...(postinst === undefined ? {} : { scripts: { postinst } }),
      })
      await archive.publish()
    },
  }
}
