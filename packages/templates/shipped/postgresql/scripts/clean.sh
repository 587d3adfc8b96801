#!/bin/sh
# Without --purge Debian keeps the databases and their configuration; with it, its packages delete them.
set -eu
rm -f /etc/postgresql/*/main/conf.d/insula.conf
for directory in /etc/postgresql/*/main/conf.d /etc/postgresql/*/main /etc/postgresql/* /etc/postgresql; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
gone() { case "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" in not-installed|'') true ;; *) false ;; esac; }
if [ "${INSULA_REMOVAL:-keep}" = keep ] || ! gone postgresql-common; then exit 0; fi
home=/var/lib/postgresql
rm -f $home/.psql_history $home/.bash_history
for directory in $home/* $home /var/log/postgresql; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
# Not while files of his are left, which somebody else would own then.
if id postgres > /dev/null 2>&1 && [ -z "$(find / -xdev -user postgres -print -quit)" ]; then userdel postgres; fi
if gone ssl-cert && getent group ssl-cert > /dev/null && [ -z "$(find / -xdev -group ssl-cert -print -quit)" ]; then groupdel ssl-cert; fi
