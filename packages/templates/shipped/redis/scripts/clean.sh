#!/bin/sh
set -eu
if grep -qsx 'include /etc/redis/insula.conf' /etc/redis/redis.conf; then sed -i '\#^include /etc/redis/insula.conf$#d' /etc/redis/redis.conf; fi
rm -rf /etc/redis/insula.conf /etc/systemd/system/redis-server.service.d
if [ -d /etc/redis ]; then rmdir --ignore-fail-on-non-empty /etc/redis; fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
