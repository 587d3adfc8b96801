#!/bin/sh
set -eu
site=/etc/nginx/conf.d/insula.conf
mark='# Written by Insula. Take this line away to keep the file as it is.'
mkdir -p "$INSULA_PARAM_ROOT" /etc/nginx/insula.d
if [ ! -e "$INSULA_PARAM_ROOT/index.html" ]; then
  printf '<!doctype html>\n<title>%s</title>\n<p>nginx serves %s.</p>\n' "$INSULA_VPS_NAME" "$INSULA_VPS_NAME" > "$INSULA_PARAM_ROOT/index.html"
fi
if [ ! -e "$site" ] || [ "$(head -n 1 "$site")" = "$mark" ]; then
  {
    echo "$mark"
    echo 'server {'
    echo "  listen $INSULA_PARAM_PORT default_server;"
    echo "  listen [::]:$INSULA_PARAM_PORT default_server;"
    echo "  root $INSULA_PARAM_ROOT;"
    echo '  index index.html;'
    echo '  # Of other apps: php-fpm.'
    echo '  include /etc/nginx/insula.d/*.conf;'
    echo '}'
  } > "$site.new"
  # Whole or not at all: this may be cut off, and begins anew then.
  mv "$site.new" "$site"
fi
# Debian's own default server would be a second one on the same port.
if [ -L /etc/nginx/sites-enabled/default ]; then rm /etc/nginx/sites-enabled/default; fi
nginx -t -q
log=/var/log/nginx/error.log
before=$(cat $log 2> /dev/null | wc -c)
if [ -d /run/systemd/system ]; then systemctl reload-or-restart nginx; else service nginx restart; fi
# A reload is not refused when somebody else has the port: servers of before go on with the old one.
if ! command -v ss > /dev/null; then exit 0; fi
for _ in $(seq 20); do
  if ss -4 --no-header --listening --tcp --processes "sport = :$INSULA_PARAM_PORT" | grep -q '"nginx"'; then exit 0; fi
  sleep 0.25
done
echo "nginx does not listen on port $INSULA_PARAM_PORT; it said:" >&2
tail -c "+$((before + 1))" $log | tail -n 3 >&2
exit 1
