#!/bin/sh
set -eu
conf=/etc/mysql/mariadb.conf.d/60-insula.cnf
case "$INSULA_PARAM_USER" in *[!A-Za-z0-9_]*|'') echo "user has to be of letters, digits and _" >&2; exit 1;; esac
case "$INSULA_PARAM_BIND" in *[!A-Za-z0-9.:*,-]*|'') echo "bind has to be an address" >&2; exit 1;; esac
act() { if [ -d /run/systemd/system ]; then systemctl "$1" mariadb; else service mariadb "$1"; fi; }
now=/var/lib/mysql
if [ -e "$conf" ]; then now=$(sed -n 's/^datadir = //p' "$conf"); fi
# Where the app has put databases, and whether all of them are there: this may be cut off.
mark="$INSULA_PARAM_DATA_DIR/.insula"
if [ "$now" != "$INSULA_PARAM_DATA_DIR" ] && { [ ! -e "$INSULA_PARAM_DATA_DIR/ibdata1" ] || grep -qsx half "$mark"; }; then
  # A purge deletes what lies there.
  if [ ! -e "$mark" ] && [ -d "$INSULA_PARAM_DATA_DIR" ] && [ -n "$(find "$INSULA_PARAM_DATA_DIR/" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ]; then
    echo "data-dir has to be an empty directory, or one with databases: $INSULA_PARAM_DATA_DIR has other files" >&2
    exit 1
  fi
  act stop
  mkdir -p "$INSULA_PARAM_DATA_DIR"
  echo half > "$mark"
  find "$now" -mindepth 1 -maxdepth 1 ! -name .insula ! -name lost+found -exec cp -a -t "$INSULA_PARAM_DATA_DIR/" {} +
  chown mysql:mysql "$INSULA_PARAM_DATA_DIR"
  echo whole > "$mark"
fi
filled=$(sed -n 's/^# filled: //p' "$conf" 2> /dev/null || true)
if [ -e "$mark" ]; then filled=$(printf '%s\n%s\n' "$filled" "$INSULA_PARAM_DATA_DIR" | grep . | sort -u); fi
{
  echo '# Written by Insula.'
  if [ -n "$filled" ]; then printf '%s\n' "$filled" | sed 's/^/# filled: /'; fi
  echo '[mariadbd]'
  echo "port = $INSULA_PARAM_PORT"
  echo "bind-address = $INSULA_PARAM_BIND"
  echo "datadir = $INSULA_PARAM_DATA_DIR"
} > "$conf"
act restart
for _ in $(seq 120); do
  if mariadb-admin --silent ping; then break; fi
  sleep 0.5
done
if [ -z "${INSULA_PARAM_PASSWORD:-}" ]; then exit 0; fi
# A secret has no blanks; what SQL reads as something else in quotes is doubled.
password=$(printf '%s' "$INSULA_PARAM_PASSWORD" | sed -e 's/\\/\\\\/g' -e "s/'/''/g")
mariadb <<SQL
CREATE USER IF NOT EXISTS '$INSULA_PARAM_USER'@'%';
ALTER USER '$INSULA_PARAM_USER'@'%' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON *.* TO '$INSULA_PARAM_USER'@'%' WITH GRANT OPTION;
SQL
