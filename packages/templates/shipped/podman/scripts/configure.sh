#!/bin/sh
set -eu
mark='# Written by Insula. Take this line away to keep the file as it is.'
ours() { [ ! -e "$1" ] || [ "$(head -n 1 "$1")" = "$mark" ]; }
mkdir -p /etc/containers/containers.conf.d /etc/containers/registries.conf.d
storage=/etc/containers/storage.conf
if ours "$storage"; then
  # The root of a VPS is an overlay already, and there is none on top of one.
  printf '%s\n' "$mark" '[storage]' 'driver = "vfs"' 'runroot = "/run/containers/storage"' 'graphroot = "/var/lib/containers/storage"' > "$storage"
fi
conf=/etc/containers/containers.conf.d/insula.conf
if ours "$conf"; then
  printf '%s\n' "$mark" '[containers]' '# Where the node has cgroup v1, a VPS has no such limit to give.' 'pids_limit = 0' > "$conf"
fi
registries=/etc/containers/registries.conf.d/insula.conf
if ours "$registries"; then
  list=''
  for one in $INSULA_PARAM_REGISTRIES; do
    case "$one" in *[!A-Za-z0-9.:/_-]*) echo "registries have to be names of hosts" >&2; exit 1;; esac
    list="$list${list:+, }\"$one\""
  done
  printf '%s\n' "$mark" "unqualified-search-registries = [$list]" > "$registries"
fi
# Containers with --restart=always come back with the VPS.
if [ -d /run/systemd/system ]; then systemctl enable -q podman-restart; fi
# What began before it knew where to put things.
if [ -d /run/systemd/system ]; then
  systemctl reset-failed podman.service podman-auto-update.service podman-restart.service 2> /dev/null || true
  systemctl restart podman.socket
  systemctl start podman-restart
fi
