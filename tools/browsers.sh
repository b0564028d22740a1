#!/usr/bin/env bash
# The browsers the tests drive come from the system's packages: tools/browsers.sh [chromium]
# Chromium has to be there; without Firefox or WebKit their tests are skipped and say so.
set -uo pipefail
here=$(dirname "$0")

# install NAME PACKAGE…: says what happens, and fails without words of its own.
install() {
  echo "Installing $1 from the system's packages (at most twelve minutes) …"
  "$here/apt.sh" "${@:2}"
}

webkit_is_there() {
  command -v WebKitWebDriver >/dev/null && command -v Xvfb >/dev/null &&
    timeout 60 /usr/bin/python3 -c 'import gi; gi.require_version("WebKit2", "4.1"); from gi.repository import WebKit2' 2>/dev/null
}

command -v chromium >/dev/null || command -v google-chrome >/dev/null || install Chromium chromium || exit 1
[ "${1:-}" = chromium ] && exit 0
command -v firefox-esr >/dev/null || command -v firefox >/dev/null || install Firefox firefox-esr ||
  echo "No Firefox here: its tests are skipped."
webkit_is_there || install WebKit webkit2gtk-driver xvfb xauth python3-gi gir1.2-webkit2-4.1 ||
  echo "No WebKit here: its tests are skipped."
exit 0
