#!/bin/sh
# Databases stay, as Debian has it.
set -eu
rm -f /etc/mysql/mariadb.conf.d/60-insula.cnf
for directory in /etc/mysql/mariadb.conf.d /etc/mysql; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
