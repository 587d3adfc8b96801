# One ./up or ./down at a time on a machine. To be sourced after say.bash.

SETUP_LOCK=/run/lock/insula-setup.lock

# one_at_a_time SCRIPT INSTANCE ARGUMENT...: starts SCRIPT again under the lock, unless that is what happened.
one_at_a_time() {
  local script=$1 instance=$2 status=0
  shift 2
  if [ -n "${INSULA_SETUP_LOCKED-}" ]; then
    unset INSULA_SETUP_LOCKED
    # Whoever finds the lock taken reads this.
    printf './%s of instance %s (pid %s)\n' "${script##*/}" "$instance" $$ >"$SETUP_LOCK"
    return 0
  fi
  mkdir -p "${SETUP_LOCK%/*}"
  # -o: what is started in here and lives on must not hold the lock.
  INSULA_SETUP_LOCKED=1 flock -n -o -E 75 "$SETUP_LOCK" "$script" "$@" || status=$?
  [ $status -ne 75 ] || fail "another is at work: $(holder)" 'wait until it is done'
  exit $status
}

# It may not have written its name yet.
holder() {
  local name
  name=$(head -n 1 "$SETUP_LOCK" 2>/dev/null || true)
  printf '%s' "${name:-./up or ./down}"
}
