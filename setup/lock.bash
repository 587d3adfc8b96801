# One ./up or ./down at a time on a machine. To be sourced after say.bash.

# one_at_a_time SCRIPT ARGUMENT...: starts SCRIPT again under the lock, unless that is what happened.
one_at_a_time() {
  local status=0
  if [ -n "${INSULA_SETUP_LOCKED-}" ]; then
    unset INSULA_SETUP_LOCKED
    return 0
  fi
  mkdir -p /run/lock
  # -o: what is started in here and lives on must not hold the lock.
  INSULA_SETUP_LOCKED=1 flock -n -o -E 75 /run/lock/insula-setup.lock "$@" || status=$?
  [ $status -ne 75 ] || fail 'another ./up or ./down is at work' 'wait until it is done'
  exit $status
}
