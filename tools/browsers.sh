#!/usr/bin/env bash
# The browser the tests drive comes from the system's packages.
set -euo pipefail
command -v chromium >/dev/null || command -v google-chrome >/dev/null || {
  echo "Installing Chromium from the system's packages …"
  "$(dirname "$0")/apt.sh" chromium
}
