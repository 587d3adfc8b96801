#!/bin/sh
set -eu
case "$INSULA_PARAM_PROGRAM" in *[!A-Za-z0-9._/-]*|''|/*) echo "program has to be a file below root" >&2; exit 1;; esac
if ! getent passwd node > /dev/null; then
  useradd --system --comment 'Written by Insula' --user-group --home-dir "$INSULA_PARAM_ROOT" --no-create-home --shell /usr/sbin/nologin node
fi
if [ ! -d "$INSULA_PARAM_ROOT" ]; then
  mkdir -p "$INSULA_PARAM_ROOT"
  chown node:node "$INSULA_PARAM_ROOT"
fi
program="$INSULA_PARAM_ROOT/$INSULA_PARAM_PROGRAM"
if [ ! -e "$program" ]; then
  mkdir -p "$(dirname "$program")"
  cat > "$program" <<'JS'
// Written by Insula: put a program of yours in its place, and run: systemctl restart insula-node
const { createServer } = require('node:http')
const { hostname } = require('node:os')

createServer((request, response) => response.end(`Node.js serves ${hostname()}.\n`)).listen(process.env.PORT)
JS
  chown node:node "$program"
fi
if [ ! -d /run/systemd/system ]; then
  echo 'there is no systemd: the program has to be started by other means'
  exit 0
fi
cat > /etc/systemd/system/insula-node.service <<UNIT
# Written by Insula. What is to differ goes into insula-node.service.d.
[Unit]
Description=The program of Node.js in $INSULA_PARAM_ROOT
After=network.target

[Service]
User=node
WorkingDirectory=$INSULA_PARAM_ROOT
Environment=PORT=$INSULA_PARAM_PORT NODE_ENV=production
ExecStart=/usr/bin/node $INSULA_PARAM_PROGRAM
Restart=on-failure

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable -q insula-node
systemctl restart insula-node
