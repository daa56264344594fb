#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds the programs and the module inside the lab's root, so that they link
# with its libraries, and packs them with the tests as the image that the VM
# mounts at /udrv.  Incremental: objects stay in build/vm/obj.

. "$(dirname "$0")/common.sh"

need_root "building in the lab's root"
root=$(root_dir)/root
mkdir -p "$VMDIR/obj"
exec 9> "$VMDIR/lock"
flock -w 900 9 || die "another make has been building in $VMDIR for 15 minutes"

# Objects of another root or by other rules are of no use, and make cannot tell.
rules=$( (root_key; cd "$TOP" && sha256sum Makefile
	find . -name '*.mk' -not -path './build/*' -print0 | sort -z |
		xargs -0 sha256sum) | sha256sum)
if [ "$rules" != "$(cat "$VMDIR/obj/rules.sum" 2>/dev/null)" ]; then
	rm -rf --one-file-system "$VMDIR/obj"
	mkdir -p "$VMDIR/obj"
	echo "$rules" > "$VMDIR/obj/rules.sum"
fi

step "programs and module for the VM" \
	unshare --mount --pid --fork --kill-child --propagation private \
	"$TOP/lab/in-root.sh" "$root" "$TOP" "$VMDIR/obj" \
	make -C /src O=/build V="${V:-0}" KEEP="${KEEP:-0}" -j"$(nproc)" \
	--no-print-directory lab-payload ||
	die "the programs for the VM could not be built (see above)"

# The image is made anew only when something in it is new.
payload=$VMDIR/obj/payload
sum=$(cd "$payload" && {
	find . -printf '%m %p\n' | sort
	find . -type f -print0 | sort -z | xargs -0 sha256sum
} | sha256sum)
if [ ! -e "$VMDIR/payload.img" ] || [ "$sum" != "$(cat "$VMDIR/payload.sum" 2>/dev/null)" ]; then
	size=$(($(du -sm "$payload" | cut -f1) * 5 / 4 + 16))
	rm -f "$VMDIR/payload.sum" "$VMDIR/payload.new"
	truncate -s "${size}M" "$VMDIR/payload.new"
	mke2fs -q -F -t ext4 -O ^has_journal -E root_owner=0:0 -d "$payload" \
		"$VMDIR/payload.new"
	mv "$VMDIR/payload.new" "$VMDIR/payload.img"
	echo "$sum" > "$VMDIR/payload.sum"
fi
