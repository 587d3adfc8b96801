#!/bin/sh
# Without --purge images and containers stay in /var/lib/containers, as Debian has it.
set -eu
for file in storage.conf containers.conf.d/insula.conf registries.conf.d/insula.conf; do
  path=/etc/containers/$file
  if [ -e "$path" ] && [ "$(head -n 1 "$path")" = '# Written by Insula. Take this line away to keep the file as it is.' ]; then rm "$path"; fi
done
for directory in /etc/containers/containers.conf.d /etc/containers/registries.conf.d /etc/containers; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
rm -f /etc/systemd/system/default.target.wants/podman-restart.service
storage=/var/lib/containers/storage
if [ "${INSULA_REMOVAL:-keep}" = keep ] || command -v podman > /dev/null; then exit 0; fi
# Those of somebody who had podman before an `add` that failed.
if [ "$INSULA_REMOVAL" = undo ] && grep -qs '"id"' $storage/*/images.json $storage/*/containers.json; then exit 0; fi
rm -rf --one-file-system $storage /var/lib/containers/cache /var/cache/containers
rm -f /root/.config/cni/net.d/cni.lock
for directory in /var/lib/containers /root/.config/cni/net.d /root/.config/cni /root/.config; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
