#!/bin/sh
# Databases stay without --purge, as Debian has it.
set -eu
conf=/etc/mysql/mariadb.conf.d/60-insula.cnf
filled=$(sed -n 's/^# filled: //p' "$conf" 2> /dev/null || true)
gone() { case "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" in not-installed|'') true ;; *) false ;; esac; }
# Whether more lies there than a server begins with.
used() {
  for directory in "$1"/*/; do
    case "${directory#"$1"/}" in mysql/|performance_schema/|sys/|test/|lost+found/|'*/') ;; *) return 0 ;; esac
  done
  return 1
}
# The directory may be a file system of its own.
delete() {
  if [ "$INSULA_REMOVAL" = undo ] && used "$1"; then return 0; fi
  # Whoever has moved them elsewhere looks after them; whatever was mounted there meanwhile is no databases.
  if [ -L "$1" ]; then return 0; fi
  if [ ! -e "$1/ibdata1" ] && [ ! -e "$1/aria_log_control" ] && ! grep -qsx half "$1/.insula" && [ -n "$(find "$1" -mindepth 1 ! -name lost+found ! -name .insula -print -quit)" ]; then return 0; fi
  # What they are known by goes last: this may be cut off, and begins anew then.
  find "$1" -xdev -mindepth 1 ! -name lost+found ! -path "$1/ibdata1" ! -path "$1/.insula" -delete
  rm -f "$1/ibdata1" "$1/.insula"
  rmdir --ignore-fail-on-non-empty "$1" 2> /dev/null || true
}
# Databases that somebody else put into a directory are not the app's.
if [ "${INSULA_REMOVAL:-keep}" != keep ] && gone mariadb-server; then
  printf '%s\n' "$filled" | while read -r directory; do
    if [ -n "$directory" ] && [ -e "$directory/.insula" ]; then delete "$directory"; fi
  done
  if [ -d /var/lib/mysql ]; then delete /var/lib/mysql; fi
  if [ ! -e /var/lib/mysql ]; then
    rm -rf /etc/mysql/debian.cnf /var/log/mysql /run/mysqld
    # Not while files of his are left, which somebody else would own then.
    if id mysql > /dev/null 2>&1 && [ -z "$(find / -xdev -user mysql -print -quit)" ]; then userdel mysql; fi
  fi
fi
rm -f "$conf"
for directory in /etc/mysql/mariadb.conf.d /etc/mysql; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
