#!/bin/sh
set -eu
umask 077
conf=/etc/redis/insula.conf
{
  echo "port $INSULA_PARAM_PORT"
  echo "bind $INSULA_PARAM_BIND"
  if [ -n "${INSULA_PARAM_PASSWORD:-}" ]; then printf 'requirepass "%s"\n' "$(printf '%s' "$INSULA_PARAM_PASSWORD" | sed 's/[\\"]/\\&/g')"
  elif [ -e "$conf" ]; then grep '^requirepass ' "$conf" || true
  fi
} > "$conf.new"
mv "$conf.new" "$conf"
chown redis:redis "$conf"
# Debian's own configuration stays as it is; what is read after it wins.
if [ -d /run/systemd/system ]; then
  umask 022
  mkdir -p /etc/systemd/system/redis-server.service.d
  {
    echo '# Written by Insula.'
    echo '[Service]'
    echo 'ExecStart='
    echo "ExecStart=/usr/bin/redis-server /etc/redis/redis.conf --include $conf --supervised systemd --daemonize no"
  } > /etc/systemd/system/redis-server.service.d/insula.conf
  systemctl daemon-reload
  if ! systemctl restart redis-server; then
    # It says why there alone.
    tail -n 3 /var/log/redis/redis-server.log >&2
    exit 1
  fi
else
  line="include $conf"
  grep -qxF "$line" /etc/redis/redis.conf || echo "$line" >> /etc/redis/redis.conf
  service redis-server restart
fi
