#!/bin/sh
# Before its socket goes.
set -eu
rm -f /etc/nginx/insula.d/php.conf /etc/php/*/fpm/pool.d/zz-insula.conf
if [ -d /run/systemd/system ]; then systemctl try-reload-or-restart nginx; fi
