#!/bin/bash
# Brings what the tests need, then runs them. The runner is runner/main.ts in the directory of tests.
set -eu -o pipefail
cd "$(dirname "$(readlink -f "$0")")"
. setup/say.bash
. setup/checks.bash
. setup/packages.bash
. setup/node.bash
RUNNER=$(echo test*/runner/main.ts)

usage() {
  cat <<'EOF'
Usage: sudo ./test [TIER | FILE...]

Without arguments all tiers that this machine can run. Brings the packages and the Node that it needs, and ends with one line
"N passed, N failed, N skipped". CI=true or INSULA_TEST_STRICT=1 makes a failure of a tier that could not run.

  check      types, lint, format, dead code
  unit       tests beside the code, golden files, the import table
  sim        the real daemon over a fake kernel
  system     real VPSs on this machine's kernel (needs root)
  quick      check, unit and sim: needs no root, takes less than a minute
  FILE...    these files, each test by name
EOF
}

case ${1-} in
  -h | --help) usage && exit 0 ;;
esac

# The last line is what machines read: it is there however this ends.
could_not() {
  printf '%s\n' "$1" >&2
  [ -z "${2-}" ] || printf 'Remedy: %s\n' "$2" >&2
  printf '0 passed, 1 failed, 0 skipped\n'
  exit 1
}

log=$(mktemp /tmp/insula-test.XXXXXX)
trap 'rm -f "$log"' EXIT
if [ "$(id -u)" -eq 0 ] && [ "${1-}" != quick ]; then
  missing=$(missing_packages setup/packages.txt setup/packages-test.txt)
  if [ -n "$missing" ]; then
    printf 'Installing packages of Debian: %s\n' "$(paste -sd ' ' <<<"$missing")"
    # shellcheck disable=SC2086
    install_packages "$log" $missing || { tail -n 15 "$log" >&2; could_not 'Packages could not be installed' 'see above'; }
  fi
fi
if ! node_is_current; then
  if [ "$(id -u)" -ne 0 ] && ! command -v npm >/dev/null; then
    could_not 'Node 24 is not here, and there is no npm to bring it' 'run sudo ./test once, or sudo ./up'
  fi
  printf 'Bringing Node 24 and the npm packages\n'
  install_node "$log" || { tail -n 15 "$log" >&2; could_not 'The npm packages could not be installed' 'see above'; }
fi
rm -f "$log"
trap - EXIT
exec "$NODE" "$RUNNER" "$@"
