# Debian packages: which are missing, and bringing them. To be sourced after say.bash.

POLICY=/usr/sbin/policy-rc.d
POLICY_MARK='# Written by Insula while it installs packages.'

# Names in the lists, without comments.
listed_packages() { sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "$@"; }

# missing_packages FILE...
missing_packages() {
  local name
  while read -r name; do
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s\n' "$name"
  done < <(listed_packages "$@")
}

# Tries to read one file of each archive that apt is set up with, changing nothing. Prints the first that cannot be read.
unreachable_archive() {
  local uri none='no archive in /etc/apt/sources.list'
  while read -r uri; do
    none=
    is_readable "$uri" || { printf '%s' "$uri" && return 0; }
  done < <(first_archives)
  printf '%s' "$none"
}

# reaches_an_archive: one is enough.
reaches_an_archive() {
  local uri
  while read -r uri; do
    ! is_readable "$uri" || return 0
  done < <(first_archives)
  return 1
}

# Every host that apt downloads from, once: the address of one InRelease file there. With -qq apt says nothing.
first_archives() {
  apt-get -q --print-uris update 2>/dev/null | sed -n "s/^'\([^']*\/InRelease\)'.*/\1/p" | awk -F/ '!seen[$1 "//" $3]++'
}

is_readable() {
  local place status=0
  place=$(mktemp -d)
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=15 \
    -o Acquire::https::Timeout=15 download-file "$1" "$place/InRelease" >/dev/null 2>&1 </dev/null || status=1
  rm -rf "$place"
  return $status
}

# install_packages LOG NAME...: what they start as a daemon by themselves does not start: Insula starts its own.
install_packages() {
  local log=$1 status=0 trap_before
  shift
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
  apt_update "$log" || return 1
  trap_before=$(trap -p EXIT)
  trap allow_daemons EXIT
  forbid_daemons
  # Once more after an installation that was cut off, of ours or of somebody else's.
  apt_install "$log" "$@" || { alive 'finishing an earlier installation' "$log" dpkg --configure -a && apt_install "$log" "$@"; } || status=1
  allow_daemons
  trap - EXIT
  eval "$trap_before"
  if [ "$status" -eq 0 ] && printf '%s\n' "$@" | grep -qx lxcfs; then
    # The keeper runs lxcfs with options of its own.
    update-rc.d lxcfs disable >/dev/null 2>&1 || true
  fi
  return "$status"
}

# A fresh machine reads them by itself at its first boot, and apt waits for no lock here.
apt_update() {
  local log=$1 attempt
  for attempt in {1..60}; do
    ! alive 'reading the package lists' "$log" apt-get update -q || return 0
    grep -q 'Unable to lock directory' "$log" || return 1
    [ "$attempt" -gt 1 ] || note 'another apt is reading the package lists; waiting for it'
    sleep 2
  done
  return 1
}

# It goes on when we are killed, for what it leaves in the middle is worse. Whoever comes then waits for its lock.
apt_install() {
  local log=$1
  shift
  alive 'installing' "$log" apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 "$@"
}

# An administrator's own policy stays. invoke-rc.d(8): 101 forbids.
forbid_daemons() {
  [ ! -e "$POLICY" ] || return 0
  printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" >"$POLICY"
  chmod 755 "$POLICY"
}

# Also what a killed ./up left behind: it would keep every daemon of the machine from being started.
allow_daemons() { ! grep -qxF "$POLICY_MARK" "$POLICY" 2>/dev/null || rm -f "$POLICY"; }
