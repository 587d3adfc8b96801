#!/bin/sh
set -eu
for directory in /etc/php/*/fpm/pool.d /etc/php/*/fpm /etc/php/* /etc/php; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
