#!/bin/sh
set -eu
umask 077
conf=/etc/redis/insula.conf
line='include /etc/redis/insula.conf'
{
  echo "port $INSULA_PARAM_PORT"
  echo "bind $INSULA_PARAM_BIND"
  if [ -n "${INSULA_PARAM_PASSWORD:-}" ]; then echo "requirepass $INSULA_PARAM_PASSWORD"
  elif [ -e "$conf" ]; then grep '^requirepass ' "$conf" || true
  fi
} > "$conf.new"
mv "$conf.new" "$conf"
chown redis:redis "$conf"
grep -qxF "$line" /etc/redis/redis.conf || echo "$line" >> /etc/redis/redis.conf
if [ -d /run/systemd/system ]; then systemctl restart redis-server; else service redis-server restart; fi
