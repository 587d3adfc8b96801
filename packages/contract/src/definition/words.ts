/** Small values of template definitions. */

import { z } from 'zod'
import { TemplateName } from '../scalars.ts'

/** A file of the template: where it will be in the VPS. */
export const InnerPath = z
  .string()
  .max(1024)
  .regex(/^\/(?!.*(?:^|\/)\.{1,2}(?:\/|$))[^\0\n]*[^\0\n/]$/, {
    error: 'an absolute path inside the VPS, without "." or ".." in it: "/etc/motd"',
  })

/** A file of the definition, beside its template.yaml. */
export const OwnFile = z
  .string()
  .max(255)
  .regex(/^(?!\.)[\w.@+-]+(?:\/(?!\.)[\w.@+-]+)*$/, {
    error: 'a file beside template.yaml, as "scripts/setup.sh": letters, digits and _ . @ + -, no ".."',
  })

/** A public key: of the definition, or of the node. */
export const KeyFile = z.union(
  [
    OwnFile,
    z
      .string()
      .max(1024)
      .regex(/^\/(?!.*\/\.\.(?:\/|$))[\w.@+/-]+$/),
  ],
  {
    error: 'a file of keys: beside template.yaml ("keys/vendor.asc"), or on the node ("/usr/share/keyrings/vendor.gpg")',
  },
)

export const Mode = z
  .string()
  .regex(/^0?[0-7]{3,4}$/, { error: 'a mode in octal, in quotes: "0644"' })
  .describe('Permissions, octal: "0644"')

/** What dpkg and rpm name a package, with what their tools take behind it: "nginx", "nginx=1.22.*", "nginx-1.26*". */
export const PackageName = z
  .string()
  .max(150)
  .regex(/^[A-Za-z0-9][A-Za-z0-9+._:~*=-]*$/, { error: 'a package name such as "nginx", or "nginx=1.22.*"' })

export const Packages = z.array(PackageName).max(2000)

/** "debian", "rhel", "fedora", "openeuler": systems that the same packages fit. */
export const Family = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9-]*$/, { error: 'a family of systems such as "debian" or "rhel"' })

/** A template by name, or all of a family. */
export const Fit = TemplateName.describe('An OS template by name, or a family: "debian-13", "debian"')

export const Signal = z
  .string()
  .regex(/^SIG(?:RTM(?:IN|AX)(?:[+-]\d{1,2})?|[A-Z0-9]{2,8})$/, { error: 'a signal by name: "SIGRTMIN+3", "SIGPWR"' })

export const Address = z
  .string()
  .max(500)
  .regex(/^(?:https?|file):\/\/[^\s"'[\]\\]+$/, { error: 'an address that starts with http://, https:// or file://' })

export const ARCHITECTURES = ['amd64', 'arm64'] as const
export const Architecture = z.enum(ARCHITECTURES).describe("As Debian names it; rpm's x86_64 is amd64")
