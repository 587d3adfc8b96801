#!/bin/sh
# Images and containers stay in /var/lib/containers, as Debian has it.
set -eu
for file in storage.conf containers.conf.d/insula.conf registries.conf.d/insula.conf; do
  path=/etc/containers/$file
  if [ -e "$path" ] && [ "$(head -n 1 "$path")" = '# Written by Insula. Take this line away to keep the file as it is.' ]; then rm "$path"; fi
done
for directory in /etc/containers/containers.conf.d /etc/containers/registries.conf.d /etc/containers; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
rm -f /etc/systemd/system/default.target.wants/podman-restart.service
