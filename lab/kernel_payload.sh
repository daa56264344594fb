#!/bin/bash
# SPDX-License-Identifier: MIT
# kernel_payload.sh NAME: the VM's payload (build.sh) for another kernel: the
# same with the module built for that one, build/vm/payload-NAME.img.

. "$(dirname "$0")/common.sh"

name=$1
obj=$OUT/vm/kernel-$name
kernel=$OUT/kernels/$name
"$TOP/lab/kernel.sh" "$name" headers
"$TOP/lab/kernel.sh" "$name" boot
mkdir -p "$obj"
step "module for kernel $(cat "$kernel/release")" \
	unshare --mount --pid --fork --kill-child --propagation private \
	"$TOP/lab/in-kernel.sh" "$kernel/headers" "$(root_dir)/root" "$TOP" "$obj" \
	make -C /src O=/build V="${V:-0}" --no-print-directory kshim \
	KDIR="/usr/src/linux-headers-$(cat "$kernel/release")" ||
	die "the module could not be built for kernel $name (see above)"
cp --sparse=always "$VMDIR/payload.img" "$VMDIR/payload-$name.new"
debugfs -w "$VMDIR/payload-$name.new" >/dev/null 2>&1 <<-END
	rm /lib/udrv.ko
	write $obj/kshim/udrv.ko /lib/udrv.ko
END
mv "$VMDIR/payload-$name.new" "$VMDIR/payload-$name.img"
