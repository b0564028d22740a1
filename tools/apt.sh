#!/usr/bin/env bash
# Installs missing packages of the system; says so instead where that is not possible.
set -euo pipefail
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if ! command -v apt-get >/dev/null; then
  echo "Please install by hand: $*" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$sudo timeout 300 apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1 || {
  $sudo timeout 120 apt-get update -qq >/dev/null
  $sudo timeout 300 apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}
