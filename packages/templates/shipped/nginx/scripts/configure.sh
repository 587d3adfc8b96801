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
if [ -d /run/systemd/system ]; then systemctl reload-or-restart nginx; else service nginx restart; fi
