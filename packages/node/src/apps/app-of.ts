/** Apps as they concern one VPS: which version, with what packages for its system, with which values, and what of it waits for a boot. */

import { type App, type AppOnSystem, BadParameter, chooseParameters, type Configured, type Values } from '@insula/templates'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'

/** @throws ApiFailure */
export async function versionOf({ apps }: Pick<Means, 'apps'>, ref: string, doing: string): Promise<App> {
  const found = (await apps.list()).find((app) => app.ref === ref)
  if (found) return found
  throw failure('not_found', `${doing}: there is no app version ${ref} on this node any more`, 'see `insula app list`')
}

/** A version, or the latest of a name. @throws ApiFailure */
export async function findApp({ apps, templates }: Pick<Means, 'apps' | 'templates'>, ref: string, doing = ''): Promise<App> {
  const found = (await apps.list()).findLast((one) => one.ref === ref || one.name === ref)
  if (found) return found
  const known = (await templates.definitions()).some(({ name, kind }) => name === ref && kind === 'app')
  throw failure(
    'not_found',
    `${doing === '' ? '' : `${doing}: `}there is no app "${ref}" on this node`,
    known ? `build it with: insula template build ${ref}` : 'see `insula app list`, and `insula template list --available`',
  )
}

/** @param template "debian-12@2026-11-26.1" @throws ApiFailure */
export function systemFor(app: App, template: string, doing: string): AppOnSystem {
  const found = app.systems.find(({ os }) => os === template.split('@')[0])
  if (found) return found
  throw failure(
    'conflict',
    `${doing}: ${app.ref} has no packages for ${template}`,
    `it fits ${app.systems.map(({ os }) => os).join(', ')}; after a new OS template was built: insula template build ${app.name}`,
  )
}

/** @throws ApiFailure */
export function valuesFor(
  app: App,
  given: Values,
  before: Values | undefined,
  options: { readonly makeSecrets: boolean },
  doing: string,
): ReturnType<typeof chooseParameters> {
  try {
    return chooseParameters(app.parameters, given, before, options)
  } catch (error) {
    if (!(error instanceof BadParameter)) throw error
    throw failure('invalid_request', `${doing}: ${error.message}`, `see \`insula app show ${app.name}\``, error)
  }
}

/** Secrets are kept nowhere until the VPS has booted. @throws ApiFailure */
export function requireNoSecrets({ name, parameters }: App, given: Values, deed: 'add' | 'upgrade', doing: string): void {
  const secrets = Object.entries(parameters).filter(([, { type }]) => type === 'secret')
  const told = secrets.find(([key]) => Object.hasOwn(given, key))
  if (told !== undefined)
    throw failure(
      'conflict',
      `${doing}: "${told[0]}" is a secret, and the VPS does not run: it would have to be kept until it boots`,
      'start it first, or set the secret afterwards: insula app upgrade VPS APP --set ...',
    )
  const lacking = secrets.find(([, { generate }]) => generate === undefined)
  if (deed === 'add' && lacking !== undefined)
    throw failure(
      'conflict',
      `${doing}: "${lacking[0]}" is a secret that has to be given, and the VPS does not run`,
      `start it first: insula start VPS; then insula app add VPS ${name} --set ${lacking[0]}=...`,
    )
}

/** What of it runs once the VPS has booted; null: nothing. */
export const waitingFor = ({ scripts, health }: App, phase: Configured): Configured | null =>
  health !== null || scripts.some((script) => script.phase === phase) ? phase : null

/** What its scripts do before packages come is one VPS's own. */
export const isLayerable = ({ scripts }: App): boolean =>
  !scripts.some(({ phase }) => phase === 'pre-install' || phase === 'pre-upgrade')
