/** nginx, serving a directory on a port of choice. */

import { appSource } from './app-source.ts'

/** A file of its own beside Debian's, which stays as the package manager left it; what the tenant writes himself is not touched. */
const CONFIGURE = `#!/bin/sh
set -eu
site=/etc/nginx/conf.d/insula.conf
mark='# Written by Insula. Take this line away to keep the file as it is.'
mkdir -p "$INSULA_PARAM_ROOT"
if [ ! -e "$INSULA_PARAM_ROOT/index.html" ]; then
  printf '<!doctype html>\\n<title>%s</title>\\n<p>nginx serves %s.</p>\\n' "$INSULA_VPS_NAME" "$INSULA_VPS_NAME" > "$INSULA_PARAM_ROOT/index.html"
fi
if [ ! -e "$site" ] || [ "$(head -n 1 "$site")" = "$mark" ]; then
  {
    echo "$mark"
    echo 'server {'
    echo "  listen $INSULA_PARAM_PORT default_server;"
    echo "  listen [::]:$INSULA_PARAM_PORT default_server;"
    echo "  root $INSULA_PARAM_ROOT;"
    echo '  index index.html;'
    echo '}'
  } > "$site"
fi
# Debian's own default server would be a second one on the same port.
if [ -L /etc/nginx/sites-enabled/default ]; then rm /etc/nginx/sites-enabled/default; fi
nginx -t -q
if [ -d /run/systemd/system ]; then systemctl reload-or-restart nginx; else service nginx restart; fi
`

const CLEAN = `#!/bin/sh
set -eu
site=/etc/nginx/conf.d/insula.conf
if [ -e "$site" ] && [ "$(head -n 1 "$site")" = '# Written by Insula. Take this line away to keep the file as it is.' ]; then rm "$site"; fi
if [ -d /etc/nginx/conf.d ]; then rmdir --ignore-fail-on-non-empty /etc/nginx/conf.d /etc/nginx; fi
page="$INSULA_PARAM_ROOT/index.html"
if [ -e "$page" ] && grep -q "<p>nginx serves $INSULA_VPS_NAME.</p>" "$page"; then rm "$page"; fi
# Debian's own page, which its package makes and leaves behind.
left=/var/www/html/index.nginx-debian.html
if [ -e "$left" ] && grep -q 'Welcome to nginx!' "$left"; then rm "$left"; fi
if [ -d /var/www/html ]; then rmdir --ignore-fail-on-non-empty /var/www/html; fi
if [ -d "$INSULA_PARAM_ROOT" ]; then rmdir --ignore-fail-on-non-empty "$INSULA_PARAM_ROOT"; fi
if [ -d /var/www ]; then rmdir --ignore-fail-on-non-empty /var/www; fi
`

export const nginx = appSource({
  name: 'nginx',
  description: 'nginx, a web server',
  families: { debian: { packages: ['nginx'] } },
  parameters: {
    port: { type: 'port', about: 'where it listens', default: 80 },
    root: { type: 'path', about: 'the directory that it serves', default: '/var/www/html' },
  },
  scripts: [
    { phase: 'post-install', name: 'configure', contents: CONFIGURE, seconds: 60 },
    { phase: 'post-upgrade', name: 'configure', contents: CONFIGURE, seconds: 60 },
    { phase: 'post-remove', name: 'clean', contents: CLEAN, seconds: 30 },
  ],
  health: {
    command: ['/bin/bash', '-c', 'exec 3<>"/dev/tcp/127.0.0.1/$INSULA_PARAM_PORT"'],
    attempts: 20,
    everySeconds: 0.5,
    seconds: 5,
  },
})
