#!/bin/sh
set -eu
if [ -e /etc/redis/redis.conf ]; then sed -i '\#^include /etc/redis/insula.conf$#d' /etc/redis/redis.conf; fi
rm -f /etc/redis/insula.conf
if [ -d /etc/redis ]; then rmdir --ignore-fail-on-non-empty /etc/redis; fi
