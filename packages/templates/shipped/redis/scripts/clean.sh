#!/bin/sh
set -eu
if grep -qsx 'include /etc/redis/insula.conf' /etc/redis/redis.conf; then sed -i '\#^include /etc/redis/insula.conf$#d' /etc/redis/redis.conf; fi
rm -f /etc/redis/insula.conf /etc/systemd/system/redis-server.service.d/insula.conf
for directory in /etc/systemd/system/redis-server.service.d /etc/redis; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
