#!/usr/bin/env bash
# Installs the locked JavaScript tools of one folder: tools/node.sh FOLDER
set -euo pipefail
command -v npm >/dev/null || {
  echo "Installing Node.js from the system's packages …"
  "$(dirname "$0")/apt.sh" nodejs npm
}
echo "Installing the JavaScript tools in $1 (locked, with hashes) …"
cd "$1"
timeout 300 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
