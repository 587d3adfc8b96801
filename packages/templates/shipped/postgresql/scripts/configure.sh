#!/bin/sh
set -eu
case "$INSULA_PARAM_USER" in *[!A-Za-z0-9_]*|'') echo "user has to be of letters, digits and _" >&2; exit 1;; esac
case "$INSULA_PARAM_BIND" in *[!A-Za-z0-9.:*,-]*|'') echo "bind has to be addresses" >&2; exit 1;; esac
version=$(ls /usr/lib/postgresql | sort -n | tail -n 1)
etc=/etc/postgresql/$version/main
if [ ! -d "$etc" ]; then pg_createcluster "$version" main; fi
# Each VPS has a key of its own: a shared layer brings none.
if [ ! -e /etc/ssl/private/ssl-cert-snakeoil.key ] && command -v make-ssl-cert > /dev/null; then make-ssl-cert generate-default-snakeoil --force-overwrite; fi
mkdir -p "$etc/conf.d"
{
  echo '# Written by Insula.'
  echo "port = $INSULA_PARAM_PORT"
  echo "listen_addresses = '$INSULA_PARAM_BIND'"
} > "$etc/conf.d/insula.conf"
line='host all all all scram-sha-256 # Written by Insula.'
if [ "$INSULA_PARAM_BIND" != localhost ]; then
  grep -qxF "$line" "$etc/pg_hba.conf" || echo "$line" >> "$etc/pg_hba.conf"
else
  sed -i '/# Written by Insula\.$/d' "$etc/pg_hba.conf"
fi
if [ -d /run/systemd/system ]; then systemctl restart "postgresql@$version-main"; else service postgresql restart; fi
for _ in $(seq 120); do
  if pg_isready -q -p "$INSULA_PARAM_PORT"; then break; fi
  sleep 0.5
done
if [ -z "${INSULA_PARAM_PASSWORD:-}" ]; then exit 0; fi
cd /
runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 -p "$INSULA_PARAM_PORT" <<'SQL'
\getenv role INSULA_PARAM_USER
\getenv password INSULA_PARAM_PASSWORD
SELECT format('CREATE ROLE %I SUPERUSER LOGIN', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" SUPERUSER LOGIN PASSWORD :'password';
SQL
