#!/bin/sh
set -eu
site=/etc/apache2/sites-available/insula.conf
if [ -e "$site" ] && [ "$(head -n 1 "$site")" = '# Written by Insula. Take this line away to keep the file as it is.' ]; then
  rm -f "$site" /etc/apache2/sites-enabled/insula.conf
fi
if [ -e /etc/apache2/ports.conf ] && [ "$INSULA_PARAM_PORT" != 80 ]; then
  sed -i "s/^Listen $INSULA_PARAM_PORT\$/Listen 80/" /etc/apache2/ports.conf
fi
for directory in /etc/apache2/sites-available /etc/apache2/sites-enabled /etc/apache2; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
page="$INSULA_PARAM_ROOT/index.html"
# As it was written, whatever the VPS was called then: one with a word of somebody's own stays.
if [ -e "$page" ]; then
  name=$(sed -n '2s#^<title>\(.*\)</title>$#\1#p' "$page")
  if printf '<!doctype html>\n<title>%s</title>\n<p>Apache serves %s.</p>\n' "$name" "$name" | cmp -s - "$page"; then rm "$page"; fi
fi
for directory in "$INSULA_PARAM_ROOT" /var/www/html /var/www; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
