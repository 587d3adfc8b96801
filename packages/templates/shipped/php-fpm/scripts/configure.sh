#!/bin/sh
set -eu
case "$INSULA_PARAM_MEMORY_LIMIT" in *[!0-9KMG-]*|'') echo "memory-limit has to be a number with K, M or G" >&2; exit 1;; esac
case "$INSULA_PARAM_MAX_CHILDREN" in *[!0-9]*|''|0) echo "max-children has to be a whole number above 0" >&2; exit 1;; esac
version=$(ls /etc/php | sort -V | tail -n 1)
{
  echo '; Written by Insula.'
  echo '[www]'
  echo 'pm = ondemand'
  echo "pm.max_children = $INSULA_PARAM_MAX_CHILDREN"
  echo "php_admin_value[memory_limit] = $INSULA_PARAM_MEMORY_LIMIT"
} > "/etc/php/$version/fpm/pool.d/zz-insula.conf"
mkdir -p /etc/nginx/insula.d
cat > /etc/nginx/insula.d/php.conf <<'CONF'
# Written by Insula.
location ~ \.php$ {
  include snippets/fastcgi-php.conf;
  fastcgi_pass unix:/run/php/php-fpm.sock;
}
CONF
"php-fpm$version" -t 2>&1
nginx -t -q
if [ -d /run/systemd/system ]; then
  systemctl reload-or-restart "php$version-fpm"
  systemctl reload-or-restart nginx
else
  service "php$version-fpm" restart
  service nginx restart
fi
