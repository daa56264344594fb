#!/bin/sh
# SPDX-License-Identifier: MIT
# All that a VM needs: packages of the host, the root, the programs; with the
# word "root" all but the programs; with KERNEL=NAME that kernel, too (kernel.sh).

set -eu
cd "$(dirname "$0")/.."

# A part ends with us (see session.sh).
part() { setpriv --pdeathsig TERM "$@"; }

part lab/root.sh --check	# says what needs root before anything is done
part lab/host.sh build native lab
part lab/root.sh
[ "${1:-}" != root ] || exit 0
part lab/build.sh
[ -z "${KERNEL:-}" ] || part lab/kernel_payload.sh "$KERNEL"
