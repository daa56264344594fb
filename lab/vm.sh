#!/bin/bash
# SPDX-License-Identifier: MIT
# vm.sh RUN ARGUMENTS...: lab/vm.py with this clone's root and payload; logs
# and results are in build/vm/RUN.  KERNEL=NAME boots another kernel (kernel.sh).

. "$(dirname "$0")/common.sh"
run=$1
shift
payload=$VMDIR/payload${KERNEL:+-$KERNEL}.img
[ -e "$payload" ] || die "there is no VM yet; build it with: sudo make lab"
exec "$TOP/lab/vm.py" --lab "$(root_dir)" --payload "$payload" \
	${KERNEL:+--kernel "$OUT/kernels/$KERNEL/boot"} \
	--run "$VMDIR/$run" "$@"
