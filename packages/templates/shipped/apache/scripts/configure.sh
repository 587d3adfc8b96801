#!/bin/sh
set -eu
site=/etc/apache2/sites-available/insula.conf
mark='# Written by Insula. Take this line away to keep the file as it is.'
listeners() { ss --no-header --listening --tcp --processes "sport = :$INSULA_PARAM_PORT"; }
# First of all: an Apache that runs would end at the reload, with all its sites.
if command -v ss > /dev/null; then
  others=$(listeners | grep -v '"apache2"' | sed 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (process \2)/' | sort -u | paste -s -d ,)
  if [ -n "$others" ]; then
    echo "Address already in use: $others listens on port $INSULA_PARAM_PORT" >&2
    exit 1
  fi
fi
mkdir -p "$INSULA_PARAM_ROOT"
# Debian's own page is no more than a proof that something answers.
page="$INSULA_PARAM_ROOT/index.html"
if [ ! -e "$page" ] || { [ "$page" = /var/www/html/index.html ] && grep -q 'Apache2 Debian Default Page' "$page"; }; then
  printf '<!doctype html>\n<title>%s</title>\n<p>Apache serves %s.</p>\n' "$INSULA_VPS_NAME" "$INSULA_VPS_NAME" > "$page"
fi
# Where it listens so far: other lines of ports.conf are somebody else's.
before=$(sed -n 's/^<VirtualHost \*:\([0-9]*\)>$/\1/p' "$site" 2> /dev/null || true)
if [ ! -e "$site" ] || [ "$(head -n 1 "$site")" = "$mark" ]; then
  {
    echo "$mark"
    echo "<VirtualHost *:$INSULA_PARAM_PORT>"
    echo "  DocumentRoot $INSULA_PARAM_ROOT"
    echo "  <Directory $INSULA_PARAM_ROOT>"
    echo '    Require all granted'
    echo '  </Directory>'
    # As Debian writes it: Apache knows where logs go. shellcheck disable=SC2016
    echo '  ErrorLog ${APACHE_LOG_DIR}/error.log'
    echo '  CustomLog ${APACHE_LOG_DIR}/access.log combined'
    echo '</VirtualHost>'
  } > "$site"
fi
# The one line that is not indented; those for TLS are. With 80 it is Debian's own.
if ! grep -qx "Listen $INSULA_PARAM_PORT" /etc/apache2/ports.conf; then
  sed -i "s/^Listen ${before:-80}\$/Listen $INSULA_PARAM_PORT/" /etc/apache2/ports.conf
  grep -qx "Listen $INSULA_PARAM_PORT" /etc/apache2/ports.conf || echo "Listen $INSULA_PARAM_PORT" >> /etc/apache2/ports.conf
fi
a2dissite -q 000-default
a2ensite -q insula
apache2ctl -t
if [ -d /run/systemd/system ]; then systemctl reload-or-restart apache2; else service apache2 restart; fi
# A reload that does not succeed is not told: Apache ends a moment later.
if ! command -v ss > /dev/null; then exit 0; fi
for _ in $(seq 20); do
  if listeners | grep -q '"apache2"'; then exit 0; fi
  sleep 0.25
done
echo "Apache does not listen on port $INSULA_PARAM_PORT; it said:" >&2
tail -n 3 /var/log/apache2/error.log >&2
exit 1
