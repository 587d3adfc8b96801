#!/bin/sh
# Without --purge Debian keeps the databases and their configuration.
set -eu
rm -f /etc/postgresql/*/main/conf.d/insula.conf
for directory in /etc/postgresql/*/main/conf.d /etc/postgresql/*/main /etc/postgresql/* /etc/postgresql; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
