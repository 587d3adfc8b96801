#!/bin/sh
set -eu
site=/etc/nginx/conf.d/insula.conf
if [ -e "$site" ] && [ "$(head -n 1 "$site")" = '# Written by Insula. Take this line away to keep the file as it is.' ]; then rm "$site"; fi
for directory in /etc/nginx/insula.d /etc/nginx/conf.d /etc/nginx; do
  if [ -d "$directory" ]; then rmdir --ignore-fail-on-non-empty "$directory"; fi
done
page="$INSULA_PARAM_ROOT/index.html"
# As it was written, whatever the VPS was called then: one with a word of somebody's own stays.
if [ -e "$page" ]; then
  name=$(sed -n '2s#^<title>\(.*\)</title>$#\1#p' "$page")
  if printf '<!doctype html>\n<title>%s</title>\n<p>nginx serves %s.</p>\n' "$name" "$name" | cmp -s - "$page"; then rm "$page"; fi
fi
# Debian's own page, which its package makes and leaves behind.
left=/var/www/html/index.nginx-debian.html
if [ -e "$left" ] && grep -q 'Welcome to nginx!' "$left"; then rm "$left"; fi
if [ -d /var/www/html ]; then rmdir --ignore-fail-on-non-empty /var/www/html; fi
if [ -d "$INSULA_PARAM_ROOT" ]; then rmdir --ignore-fail-on-non-empty "$INSULA_PARAM_ROOT"; fi
if [ -d /var/www ]; then rmdir --ignore-fail-on-non-empty /var/www; fi
