#!/bin/bash
# SPDX-License-Identifier: MIT
# vm.sh RUN ARGUMENTS...: lab/vm.py with this clone's root and payload; logs
# and results are in build/vm/RUN.

. "$(dirname "$0")/common.sh"
run=$1
shift
[ -e "$VMDIR/payload.img" ] || die "there is no VM yet; build it with: sudo make lab"
exec "$TOP/lab/vm.py" --lab "$(root_dir)" --payload "$VMDIR/payload.img" \
	--run "$VMDIR/$run" "$@"
