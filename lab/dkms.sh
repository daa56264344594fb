#!/bin/bash
# SPDX-License-Identifier: MIT
# dkms.sh: gives the module to dkms as a distribution would, and looks whether
# it adds, builds, installs and removes it, for the lab's own kernel and the
# newest of the backports; in a copy of the lab's root that is forgotten.

. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/apt.sh"

need_root "the trial of DKMS"
"$TOP/lab/kernel.sh" backports headers
tools=$CACHE/kernel-tools/dkms
exec 9> "$CACHE/kernel.lock"
flock -w 900 9 || die "another make has been getting a kernel for 15 minutes"
if [ ! -e "$tools" ]; then
	apt_lists trixie trixie-backports bookworm
	tmp=$(mktemp -d "$CACHE/getting.XXXXXX")
	chmod 755 "$tmp"
	apt_unpack "$tmp" dkms/trixie patch/trixie
	mkdir -p "$CACHE/kernel-tools"
	mv -T "$tmp" "$tools"
fi
stage=$OUT/dkms
rm -rf "$stage"
make --no-print-directory -s -C "$TOP" install-dkms DESTDIR="$stage"
exec 9>&-
exec unshare --mount --pid --fork --kill-child --propagation private \
	"$TOP/lab/in-dkms.sh" "$stage:$tools:$OUT/kernels/backports/headers:$(root_dir)/root" \
	"$(cat "$(root_dir)/release")" "$(cat "$OUT/kernels/backports/release")"
