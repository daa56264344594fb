#!/bin/sh
# SPDX-License-Identifier: MIT
# All that a VM needs: packages of the host, the root, the programs; with the
# word "root" all but the programs.

set -eu
cd "$(dirname "$0")/.."

# A part ends with us (see session.sh).
part() { setpriv --pdeathsig TERM "$@"; }

part lab/root.sh --check	# says what needs root before anything is done
part lab/host.sh build native lab
part lab/root.sh
[ "${1:-}" = root ] || part lab/build.sh
