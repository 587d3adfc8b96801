/** The definition of an OS template: template.yaml with `kind: os`. */

import { z } from 'zod'
import { AptRepository, DnfRepository } from './repositories.ts'
import { HOST_ONLY, OS_PHASES, Script } from './scripts.ts'
import { Architecture, Family, InnerPath, Mode, OwnFile, Packages, Signal } from './words.ts'

export const INITS = ['systemd', 'sysvinit', 'openrc', 'busybox'] as const

export const TemplateFile = z
  .strictObject({
    contents: z.string().max(65_536).optional(),
    from: OwnFile.optional().describe('A file beside template.yaml, in place of contents'),
    mode: Mode.default('0644'),
  })
  .refine((file) => (file.contents === undefined) !== (file.from === undefined), { error: 'give either contents or from' })
  .meta({ id: 'TemplateFile' })
export type TemplateFile = z.infer<typeof TemplateFile>

/** "systemd": its state is asked; "none": it is up once init runs; a path: it is up once that file is there. */
export const Ready = z.union([z.enum(['systemd', 'none']), InnerPath], {
  error: '"systemd", "none", or the path of a file that is there once the system is up',
})

const Mmdebstrap = z.strictObject({
  with: z.literal('mmdebstrap'),
  suite: z.string().regex(/^[a-z][a-z0-9-]*$/, { error: 'a suite such as "bookworm"' }),
  components: z
    .array(z.string().regex(/^[a-z0-9-]+$/))
    .min(1)
    .default(['main']),
  variant: z
    .enum(['minbase', 'important', 'standard'])
    .default('minbase')
    .describe('What is there besides packages: what is essential and apt; what is important; a standard system'),
  packages: Packages,
  repositories: z.array(AptRepository).max(20).default([]).describe("Besides Debian's archives, which are the node's own"),
})

const Dnf = z.strictObject({
  with: z.literal('dnf'),
  packages: Packages.min(1),
  exclude: Packages.default([]),
  repositories: z.array(DnfRepository).min(1).max(20),
  weakDependencies: z.boolean().default(false).describe('Whether what is recommended is installed too'),
  database: InnerPath.default('/var/lib/rpm').describe("Where the system's own rpm has its database"),
})

const Busybox = z.strictObject({
  with: z.literal('busybox'),
  directories: z.record(InnerPath, Mode).default({}),
})

export const Install = z
  .discriminatedUnion('with', [Mmdebstrap, Dnf, Busybox])
  .meta({ id: 'TemplateInstall', description: 'What makes the tree' })
export type Install = z.infer<typeof Install>

export const OsDefinition = z
  .strictObject({
    kind: z.literal('os'),
    description: z.string().min(1).max(200),
    family: Family.describe('What application templates ask for: "debian", "rhel"'),
    distribution: z.string().min(1).max(40),
    release: z.string().min(1).max(40).describe('In quotes where it looks like a number: "12"'),
    architectures: z
      .array(Architecture)
      .min(1)
      .default(['amd64', 'arm64'])
      .describe('Nodes that it can be built on; a template is of the architecture of its node'),
    init: z.strictObject({
      kind: z.enum(INITS),
      path: InnerPath.default('/sbin/init'),
      stopSignal: Signal.describe('Makes it shut the system down'),
      ready: Ready.default('none'),
    }),
    install: Install,
    files: z.record(InnerPath, TemplateFile).default({}).describe('By their path in the VPS'),
    links: z.record(InnerPath, z.string().min(1).max(1024)).default({}).describe('Symbolic links: path in the VPS to target'),
    scripts: z
      .array(
        Script.refine(({ phase }) => (OS_PHASES as readonly string[]).includes(phase), {
          error: `an OS template has the phases ${OS_PHASES.join(', ')}; the others are of application templates`,
          path: ['phase'],
        }),
      )
      .max(50)
      .default([])
      .superRefine(onlyOnTheHost),
    remove: z.array(InnerPath).max(500).default([]).describe('Deleted at the end: what is one machine’s own'),
  })
  .meta({ id: 'OsDefinition' })
export type OsDefinition = z.infer<typeof OsDefinition>

/** Shared with apps. */
export function onlyOnTheHost(scripts: readonly Script[], context: z.RefinementCtx): void {
  scripts.forEach(({ phase, where }, at) => {
    if (where === 'vps' && (HOST_ONLY as readonly string[]).includes(phase))
      context.addIssue({
        code: 'custom',
        message: `${phase} runs on the host: there is no VPS then; say "where: host"`,
        path: [at, 'where'],
      })
  })
}
