# What has to be true before ./up changes anything. Each failure is one sentence and a remedy. To be sourced after say.bash.

LEAST_KERNEL_MAJOR=6
LEAST_KERNEL_MINOR=6

check_root() {
  [ "$(id -u)" -eq 0 ] || fail "$1 needs root" "run it as: sudo ./$1"
}

# check_distribution FILE: os-release(5)
check_distribution() {
  local id version name
  [ -r "$1" ] || fail "this is not Debian (there is no $1)" 'use a machine with Debian 12 or 13'
  id=$(. "$1" && printf '%s' "${ID-}")
  version=$(. "$1" && printf '%s' "${VERSION_ID-}")
  name=$(. "$1" && printf '%s' "${PRETTY_NAME-this system}")
  case $id/$version in
    debian/12 | debian/13) ;;
    *) fail "$name is not supported" 'use a machine with Debian 12 or 13' ;;
  esac
}

# check_release RELEASE MACHINE: of uname(1)
check_release() {
  local release=$1 major minor
  [ "$2" = x86_64 ] || fail "the processor $2 is not supported" 'use a machine with x86_64'
  major=${release%%.*}
  minor=${release#*.}
  minor=${minor%%[!0-9]*}
  if [ "$major" -lt $LEAST_KERNEL_MAJOR ] || { [ "$major" -eq $LEAST_KERNEL_MAJOR ] && [ "$minor" -lt $LEAST_KERNEL_MINOR ]; }; then
    fail "kernel $release is older than $LEAST_KERNEL_MAJOR.$LEAST_KERNEL_MINOR, which VZFS needs" \
      'on Debian 12 install linux-image-amd64 from bookworm-backports, and reboot'
  fi
}

check_kernel() {
  kernel_has overlay || fail 'this kernel has no overlayfs' "boot one of Debian's kernels (linux-image-amd64)"
  [ -e /dev/fuse ] || module_exists fuse || fail 'this kernel has no FUSE, which lxcfs needs' "boot one of Debian's kernels (linux-image-amd64)"
  if ! setpriv --reuid 65534 --regid 65534 --clear-groups -- unshare --user true 2>/dev/null; then
    fail 'this kernel does not let users make user namespaces' \
      'sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=16384, and the same in /etc/sysctl.d'
  fi
}

# check_loop_xfs: for the volume that is one file.
check_loop_xfs() {
  local remedy='give a directory on XFS or ext4 with --volume DIR'
  kernel_has xfs || fail 'this kernel has no XFS' "$remedy"
  [ -e /dev/loop-control ] || module_exists loop || fail 'this machine has no loop devices' "modprobe loop, or $remedy"
}

# check_space DIRECTORY MEGABYTES WHAT: the directory may not be there yet.
check_space() {
  local directory=$1 free
  while [ ! -d "$directory" ]; do directory=$(dirname "$directory"); done
  free=$(df --output=avail -BM "$directory" | tail -n 1 | tr -cd 0-9)
  [ "$free" -ge "$2" ] || fail "$directory has ${free} MB free, and $3 needs $2 MB" "free some space there${4:+, or $4}"
}

# check_archives: where apt installs from; all of them, for apt-get update fails with any.
check_archives() {
  local unreachable
  unreachable=$(unreachable_archive)
  [ -z "$unreachable" ] || no_mirror "$unreachable"
}

# check_some_archive: for OS templates alone.
check_some_archive() { reaches_an_archive || no_mirror 'none of those that apt is set up with'; }

# check_mirror URL
check_mirror() {
  is_readable "$1/dists/bookworm/InRelease" ||
    fail "the package mirror cannot be read ($1)" "check the address: $1/dists/bookworm/InRelease must be there"
}

no_mirror() {
  fail "the package mirror cannot be read ($1)" 'check the network and /etc/apt/sources.list, and that apt-get update works'
}

kernel_has() { grep -qw "$1" /proc/filesystems || module_exists "$1"; }

module_exists() { command -v modprobe >/dev/null && modprobe --dry-run --quiet "$1" 2>/dev/null; }
