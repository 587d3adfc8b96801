# What ./up, ./down and ./test say, and how they fail. To be sourced. bash 5.

STARTED=$EPOCHREALTIME
STEP_STARTED=$STARTED

# Seconds since the step began, with one decimal.
elapsed() {
  local now=$EPOCHREALTIME
  local tenths=$(((${now/[.,]/} - ${STEP_STARTED/[.,]/}) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# step NUMBER OF WHAT
step() {
  STEP_STARTED=$EPOCHREALTIME
  printf '[%s/%s] %s\n' "$1" "$2" "$3"
}

note() { printf '      %s\n' "$*"; }

# fail WHAT REMEDY: one sentence each, nothing else.
fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  [ -z "${2-}" ] || printf 'Remedy: %s\n' "$2" >&2
  exit 1
}

# misused WHAT: the command line is wrong.
misused() {
  printf '%s: %s (%s -h lists the options)\n' "${0##*/}" "$1" "$0" >&2
  exit 2
}

# Runs a long command that says too much, and shows that it lives: its last line on a terminal, a line every ten seconds in a pipe.
# alive WHAT LOG COMMAND...
alive() {
  local what=$1 log=$2 pid status seconds=0 last
  shift 2
  : >"$log"
  "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5 || true
    seconds=$((seconds + 1))
    last=$(sed '/^npm warn/d' "$log" 2>/dev/null | tail -n 1 | tr -d '\000-\037' | cut -c 1-90)
    if [ -t 1 ]; then
      printf '\r\033[K      %s (%d s) %s' "$what" $((seconds / 2)) "$last"
    elif [ $((seconds % 20)) -eq 0 ]; then
      note "$what ($((seconds / 2)) s) $last"
    fi
  done
  [ ! -t 1 ] || printf '\r\033[K'
  status=0
  wait "$pid" || status=$?
  trap - INT TERM
  return "$status"
}

# dies_with_us COMMAND...: when this shell is killed, what can be begun again at once does not go on behind its back.
dies_with_us() { exec setpriv --pdeathsig KILL "$@"; }
