#!/bin/sh
# The program itself stays, unless it is ours.
set -eu
unit=/etc/systemd/system/insula-node.service
if [ -e "$unit" ]; then
  if [ -d /run/systemd/system ]; then systemctl disable -q --now insula-node; fi
  rm -f "$unit" /etc/systemd/system/multi-user.target.wants/insula-node.service
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi
program="$INSULA_PARAM_ROOT/$INSULA_PARAM_PROGRAM"
if [ -e "$program" ] && head -n 1 "$program" | grep -q '^// Written by Insula'; then rm "$program"; fi
if [ -d "$INSULA_PARAM_ROOT" ]; then rmdir --ignore-fail-on-non-empty "$INSULA_PARAM_ROOT"; fi
# The user that the app has made, and not while files of his are left, which somebody else would own then.
if [ ! -e "$INSULA_PARAM_ROOT" ] && [ "$(getent passwd node | cut -d : -f 5)" = 'Written by Insula' ] && [ -z "$(find / -xdev -user node -print -quit)" ]; then
  userdel node
fi
