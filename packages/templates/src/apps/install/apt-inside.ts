/** What the package manager of a Debian is asked. Pure: argv arrays, and texts to values. */

/** The tenant's lists and sources are not touched; nothing but what was brought is installed from. */
export const WORK = '/var/lib/insula-app'
export const REPOSITORY = `${WORK}/archive`

export const APT_ENV: Readonly<Record<string, string>> = {
  DEBIAN_FRONTEND: 'noninteractive',
  DEBCONF_NONINTERACTIVE_SEEN: 'true',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_SUSPEND: '1',
  // Configuration that ucf(1) looks after: what the administrator changed stays.
  UCF_FORCE_CONFFOLD: '1',
  LC_ALL: 'C.UTF-8',
}

export const SOURCES_FILE = `deb [trusted=yes] file:${REPOSITORY} ./\n`

const CONFFILES = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold'] as const
/** While the tenant's own apt works, ours waits. */
const WAITING = ['-o', 'DPkg::Lock::Timeout=120'] as const
const PRIVATE = [
  '-o',
  `Dir::Etc::SourceList=${WORK}/sources.list`,
  '-o',
  'Dir::Etc::SourceParts=/dev/null',
  '-o',
  'Dir::Etc::Preferences=/dev/null',
  '-o',
  'Dir::Etc::PreferencesParts=/dev/null',
  '-o',
  `Dir::State::Lists=${WORK}/lists`,
  '-o',
  `Dir::Cache=${WORK}/cache`,
  '-o',
  'Acquire::Languages=none',
  '-o',
  'APT::Sandbox::User=root',
  '-o',
  'APT::Install-Recommends=false',
  '-o',
  'APT::Update::Error-Mode=any',
] as const

export const update = (): string[] => ['apt-get', '-q', ...PRIVATE, 'update']

export interface HowInstalled {
  readonly simulate?: boolean
  /** What comes of it is thrown away when it is cut off: files need not be on the disk one by one. */
  readonly disposable?: boolean
}

export const install = (wanted: readonly string[], { simulate = false, disposable = false }: HowInstalled = {}): string[] => [
  'apt-get',
  '-q',
  '-y',
  '--fix-broken',
  ...(simulate ? ['--simulate'] : []),
  ...PRIVATE,
  ...WAITING,
  ...CONFFILES,
  ...(disposable ? ['-o', 'Dpkg::Options::=--force-unsafe-io'] : []),
  'install',
  ...wanted,
]
/** Everything that the archive has in a later version, and nothing else: the archive is all that is seen. */
export const upgrade = (simulate = false): string[] => [
  'apt-get',
  '-q',
  '-y',
  ...(simulate ? ['--simulate'] : []),
  ...PRIVATE,
  ...WAITING,
  ...CONFFILES,
  '--with-new-pkgs',
  'upgrade',
]
export const remove = (names: readonly string[], purge: boolean, simulate = false): string[] => [
  ...(purge && !simulate ? ['sh', '-c', KEEPING_LOCALE, 'sh'] : []),
  'apt-get',
  '-q',
  '-y',
  ...(simulate ? ['--simulate'] : []),
  ...WAITING,
  purge ? 'purge' : 'remove',
  ...names,
]
/** The package locales deletes the system's language at its purge, whoever chose it. What it wrote itself names none. */
const KEEPING_LOCALE = `file=/etc/default/locale
link=$(readlink $file)
said=$(grep -s '^[^#]' $file)
"$@"; code=$?
[ -z "$link" ] || [ -e $file ] || [ -L $file ] || ln -s "$link" $file
[ -z "$said" ] || [ -e $file ] || printf '%s\\n' "$said" > $file
exit $code`
export const unneeded = (): string[] => ['apt-get', '-q', '--simulate', 'autoremove']
/** Packages that nobody asked for by name. */
export const automatic = (): string[] => ['apt-mark', 'showauto']
export const recommendations = (): string[] => ['dpkg-query', '--show', '--showformat=${Package}\\t${Recommends}\\n']

/** "a\tb (>= 1), c | d": who would rather have what. */
export function parseRecommendations(text: string): Map<string, readonly string[]> {
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', wishes = ''] = line.split('\t')
      return [name, [...wishes.matchAll(/(?:^|[,|])\s*([a-z0-9][a-z0-9.+-]*)/g)].map(([, wish = '']) => wish)]
    }),
  )
}

/** systemd remembers for ever that a unit failed, also when there is none of that name any more. systemctl(1) */
export const forgetFailed = (): string[] => ['sh', '-c', FORGET_FAILED]
const FORGET_FAILED = `[ -d /run/systemd/system ] || exit 0
systemctl list-units --failed --plain --no-legend | while read -r unit load rest; do
  [ "$load" != not-found ] || systemctl reset-failed "$unit"
done`
export const configureAll = (): string[] => ['dpkg', '--force-confdef', '--force-confold', '--configure', '-a']
export const installed = (): string[] => ['dpkg-query', '--show', '--showformat=${db:Status-Abbrev}\\t${Package}\\t${Version}\\n']

/** What programs inside say may be anything: a line that is longer is not of theirs. */
const LONGEST_LINE = 1_000

const linesOf = (text: string): string[] => text.split('\n').filter(({ length }) => length <= LONGEST_LINE)

/** Packages that are removed, and whose configuration is still there. */
export function parseRemains(text: string): string[] {
  const fields = linesOf(text).map((line) => line.split('\t'))
  return fields.flatMap(([status = '', name = '']) => (name !== '' && status[1] === 'c' ? [name] : []))
}

/** Of packages that are whole or in the middle of it: name to version and whether they are whole. */
export function parseInstalled(text: string): Map<string, { readonly version: string; readonly whole: boolean }> {
  const found = new Map<string, { version: string; whole: boolean }>()
  for (const line of linesOf(text)) {
    const [status = '', name = '', version = ''] = line.split('\t')
    // "rc": only configuration is left; "un": known by name.
    if (name !== '' && !/^.[nc]/.test(status))
      found.set(name, { version, whole: status[1] === 'i' && (status[2] ?? ' ') === ' ' })
  }
  return found
}

export interface Simulated {
  readonly installs: readonly string[]
  readonly removes: readonly string[]
}

/** "Inst nginx [1.0] (1.2 Debian:12 [amd64])", "Remv nginx [1.0]", "Purg nginx [1.0]" */
export function parseSimulated(text: string): Simulated {
  const named = (words: string): string[] => [
    ...new Set([...text.matchAll(new RegExp(`^(?:${words}) ([^\\s:]{1,200})(?=[\\s:]|$)`, 'gm'))].map(([, name = '']) => name)),
  ]
  return { installs: named('Inst'), removes: named('Remv|Purg') }
}
