/** Redis with a password. */

import { appSource } from './app-source.ts'

const CONFIGURE = `#!/bin/sh
set -eu
umask 077
conf=/etc/redis/insula.conf
line='include /etc/redis/insula.conf'
{
  echo "port $INSULA_PARAM_PORT"
  echo "bind $INSULA_PARAM_BIND"
  if [ -n "\${INSULA_PARAM_PASSWORD:-}" ]; then echo "requirepass $INSULA_PARAM_PASSWORD"
  elif [ -e "$conf" ]; then grep '^requirepass ' "$conf" || true
  fi
} > "$conf.new"
mv "$conf.new" "$conf"
chown redis:redis "$conf"
grep -qxF "$line" /etc/redis/redis.conf || echo "$line" >> /etc/redis/redis.conf
if [ -d /run/systemd/system ]; then systemctl restart redis-server; else service redis-server restart; fi
`

const CLEAN = `#!/bin/sh
set -eu
if [ -e /etc/redis/redis.conf ]; then sed -i '\\#^include /etc/redis/insula.conf$#d' /etc/redis/redis.conf; fi
rm -f /etc/redis/insula.conf
if [ -d /etc/redis ]; then rmdir --ignore-fail-on-non-empty /etc/redis; fi
`

const HEALTH = `exec redis-cli -p "$INSULA_PARAM_PORT" -a "$(sed -n 's/^requirepass //p' /etc/redis/insula.conf)" --no-auth-warning ping | grep -qx PONG`

export const redis = appSource({
  name: 'redis',
  description: 'Redis, a store of keys and values in memory',
  families: { debian: { packages: ['redis-server'] } },
  parameters: {
    port: { type: 'port', about: 'where it listens', default: 6379 },
    bind: { type: 'text', about: 'addresses that it listens on', default: '127.0.0.1' },
    password: { type: 'secret', about: 'of its clients', generate: 32 },
  },
  scripts: [
    { phase: 'post-install', name: 'configure', contents: CONFIGURE, seconds: 60 },
    { phase: 'post-upgrade', name: 'configure', contents: CONFIGURE, seconds: 60 },
    { phase: 'post-remove', name: 'clean', contents: CLEAN, seconds: 30 },
  ],
  health: { command: ['/bin/sh', '-c', HEALTH], attempts: 20, everySeconds: 0.5, seconds: 5 },
})
