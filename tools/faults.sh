#!/usr/bin/env bash
# What the fault proofs need of the system: a C compiler, strace, libfaketime. Without them they skip and say so.
set -uo pipefail
here=$(dirname "$0")
missing=()
command -v cc >/dev/null || command -v gcc >/dev/null || missing+=(gcc libc6-dev)
command -v strace >/dev/null || missing+=(strace)
compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(libfaketime)
[ ${#missing[@]} = 0 ] && exit 0
echo "Installing ${missing[*]} from the system's packages …"
"$here/apt.sh" "${missing[@]}" || echo "Not all of ${missing[*]} is here: some fault proofs are skipped."
exit 0
